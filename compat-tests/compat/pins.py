"""Every outside component with its pinned version, and nothing else: a version has one home.

Maven artifacts are pinned in `poms/*.xml` (one file for one class path, named after what it carries).
"""

ZOOKEEPER = "3.9.5"
ZOOKEEPER_OLD = "3.8.6"
CURATOR = "5.9.0"
KAFKA = "3.9.1"
KAZOO = "2.11.0"

MAVEN_COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"

# Debian packages that are unpacked into the cache (never installed): zkCli.sh, the C client, its shell.
# Debian keeps one version for each release, so the release is the pin; these are bookworm's (3.8.0).
DEBIAN_UNPACKED = ("zookeeper", "zookeeper-bin", "libzookeeper-mt2", "libzookeeper-mt-dev")

# Tools that the scripts need on the machine: command -> Debian package.
TOOLS = {
    "mvn": "maven",
    "javac": "default-jdk-headless",
    "java": "default-jdk-headless",
    "gcc": "gcc",
    "dpkg-deb": "dpkg",
}
