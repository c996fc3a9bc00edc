"""Brings every outside component into the cache and says where it lies. It starts no server and runs no check.

The cache is `${ROOKEEPER_CACHE:-$HOME/.cache/rookeeper}`, outside the source tree. A part is made under a
temporary name and renamed when it is whole, so an interrupted fetch leaves nothing that looks complete.
"""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from . import pins

HERE = pathlib.Path(__file__).resolve().parent.parent


class FetchError(Exception):
    """A component could not be had; the text says which one and what to do."""


def cache() -> pathlib.Path:
    root = os.environ.get("ROOKEEPER_CACHE") or os.path.expanduser("~/.cache/rookeeper")
    path = pathlib.Path(root) / "compat"
    path.mkdir(parents=True, exist_ok=True)
    return path


def _run(argv, what, **kwargs):
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=900, **kwargs)
    except FileNotFoundError:
        raise FetchError(f"{what}: there is no {argv[0]} on this machine") from None
    except subprocess.TimeoutExpired:
        raise FetchError(f"{what}: {' '.join(map(str, argv))} did not end within 900 s") from None
    if done.returncode != 0:
        tail = done.stdout.decode(errors="replace")[-2000:]
        raise FetchError(f"{what}: {' '.join(map(str, argv))} ended with {done.returncode}:\n{tail}")


def _make(target: pathlib.Path, build):
    """Calls build(directory) and puts its result in place as `target`, unless it is there already."""
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    work = pathlib.Path(tempfile.mkdtemp(prefix=target.name + ".", dir=target.parent))
    try:
        build(work)
        work.chmod(0o755)
        work.rename(target)
    except OSError:
        if not target.exists():  # else: a fetch beside this one was faster
            raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target


def _digest(*paths) -> str:
    sha = hashlib.sha256()
    for path in paths:
        sha.update(path.read_bytes())
    return sha.hexdigest()[:12]


def tools():
    """Installs the missing tools with apt-get when it may, and names them when it may not."""
    missing = sorted({pkg for cmd, pkg in pins.TOOLS.items() if shutil.which(cmd) is None})
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise FetchError("these are needed and not installed: " + " ".join(missing)
                         + "; install them (Debian: apt-get install " + " ".join(missing) + ")")
    install(missing)


def install(packages):
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    _run(["apt-get", "update", "-q"], "apt-get", env=env)
    _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], "apt-get", env=env)


def jars(name: str) -> pathlib.Path:
    """The directory with the class path of `poms/<name>.xml`."""
    pom = HERE / "poms" / f"{name}.xml"
    if not pom.exists():
        known = ", ".join(sorted(p.stem for p in pom.parent.glob("*.xml")))
        raise FetchError(f"there is no {pom.name} in compat-tests/poms (known: {known})")

    def build(directory):
        tools()
        _run(["mvn", "-q", "-B", "-f", str(pom), pins.MAVEN_COPY, "-DincludeScope=runtime",
              f"-DoutputDirectory={directory}"], f"Maven artifacts of {name}")

    return _make(cache() / "jars" / f"{name}-{_digest(pom)}", build)


def classes(name: str, classpath: pathlib.Path) -> pathlib.Path:
    """Compiles `java/shared` and `java/<name>`; the result is kept under the digest of the sources."""
    files = [f for part in ("shared", name) for f in sorted((HERE / "java" / part).rglob("*.java"))]
    key = _digest(*files)

    def build(directory):
        tools()
        _run(["javac", "-Xlint:all,-serial,-options,-try,-processing", "--release", "17", "-cp", f"{classpath}/*",
              "-d", str(directory), *map(str, files)], f"javac of java/{name}")

    return _make(cache() / "classes" / f"{name}-{classpath.name}-{key}", build)


def java(name: str, jars_name: str, run_on=None):
    """The command that runs `java/<name>`, compiled and (unless `run_on` names another) run on one class path."""
    built, path = classes(name, jars(jars_name)), jars(run_on or jars_name)
    return ["java", "-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp",
            f"{built}:{HERE}/conf:{path}/*", f"compat.{name}.Main"]


def _release() -> str:
    """The Debian release's name, as it stands in /etc/os-release."""
    text = pathlib.Path("/etc/os-release").read_text() if os.path.exists("/etc/os-release") else ""
    found = re.search(r"^VERSION_CODENAME=(\w+)", text, re.M)
    return found[1] if found else "unknown"


def debian() -> pathlib.Path:
    """A directory with the unpacked Debian packages (usr/bin, usr/include, usr/lib …)."""
    def build(directory):
        tools()
        with tempfile.TemporaryDirectory() as debs:
            os.chmod(debs, 0o755)
            argv = ["apt-get", "download", "-q", *pins.DEBIAN_UNPACKED]
            try:
                _run(argv, "Debian packages", cwd=debs)
            except FetchError:
                if os.geteuid() != 0:
                    raise
                _run(["apt-get", "update", "-q"], "apt-get")
                _run(argv, "Debian packages", cwd=debs)
            for deb in sorted(pathlib.Path(debs).glob("*.deb")):
                _run(["dpkg-deb", "-x", str(deb), str(directory)], deb.name)

    return _make(cache() / f"debian-{_release()}", build)


def zkcli() -> pathlib.Path:
    """Stock zkCli.sh in a directory of its own, with a libexec/zkEnv.sh beside it that names our class path."""
    script = debian() / "usr/share/zookeeper/bin/zkCli.sh"
    classpath = jars(f"zookeeper-{pins.ZOOKEEPER}")
    env = f'JAVA=java\nZOO_LOG_DIR=/tmp\nCLASSPATH="{HERE}/conf:{classpath}/*"\n'
    key = hashlib.sha256(env.encode()).hexdigest()[:12]

    def build(directory):
        (directory / "bin").mkdir()
        (directory / "libexec").mkdir()
        shutil.copy(script, directory / "bin" / "zkCli.sh")
        (directory / "bin" / "zkCli.sh").chmod(0o755)
        (directory / "libexec" / "zkEnv.sh").write_text(env)

    return _make(cache() / f"zkcli-{key}", build) / "bin" / "zkCli.sh"


def kazoo_python() -> pathlib.Path:
    """The Python of a virtual environment that holds the pinned kazoo."""
    target = cache() / f"kazoo-{pins.KAZOO}-py{sys.version_info[0]}.{sys.version_info[1]}"
    python = target / "bin" / "python"
    stamp = target / "complete"
    if stamp.exists():
        return python
    try:
        import ensurepip  # noqa: F401  (Debian splits it off into python3-venv)
    except ImportError:
        if os.geteuid() != 0:
            raise FetchError("Python's venv is missing; install python3-venv") from None
        install(["python3-venv"])
    # A virtual environment knows its own path, so it is made in place and the stamp comes last.
    shutil.rmtree(target, ignore_errors=True)
    _run([sys.executable, "-m", "venv", str(target)], "venv")
    _run([str(python), "-m", "pip", "install", "-q", f"kazoo=={pins.KAZOO}"], "kazoo")
    stamp.write_text("")
    return python


def c_library() -> pathlib.Path:
    """The directory with the C client's shared library."""
    return next(debian().glob("usr/lib/*/libzookeeper_mt.so")).parent


def c_program() -> pathlib.Path:
    """Compiles `c/` against the C client; the result is kept under the digest of the sources."""
    sources = sorted((HERE / "c").glob("*.[ch]"))
    lib = c_library()

    def build(directory):
        tools()
        _run(["gcc", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-DTHREADED",
              f"-I{debian()}/usr/include/zookeeper", "-o", str(directory / "checks"),
              *[str(f) for f in sources if f.suffix == ".c"],
              f"-L{lib}", "-lzookeeper_mt", "-lpthread", f"-Wl,-rpath,{lib}"], "C client program")

    return _make(cache() / "c" / _digest(*sources), build) / "checks"


def everything(say=print):
    """Every component, and our own programs compiled against them."""
    tools()
    server, old = f"zookeeper-{pins.ZOOKEEPER}", f"zookeeper-{pins.ZOOKEEPER_OLD}"
    say(f"{old}: {jars(old)}")
    for program, path in (("client", server), ("crossdisk", server), ("restart", server),
                          ("curator", f"curator-{pins.CURATOR}"), ("kafka", f"kafka-{pins.KAFKA}")):
        say(f"{path}: {jars(path)}; java/{program}: {classes(program, jars(path))}")
    say(f"zkCli.sh: {zkcli()}")
    say(f"kazoo {pins.KAZOO}: {kazoo_python()}")
    say(f"C client: {c_program()}")
