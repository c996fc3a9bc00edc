//! Whole configurations as they stand in the field: what they become, and what is said of them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::members::Role;
use super::*;

/// Files in memory.
#[derive(Default)]
pub(super) struct MemoryFiles(BTreeMap<PathBuf, Vec<u8>>);

impl MemoryFiles {
    pub(super) fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(PathBuf::from(path), text.as_bytes().to_vec());
        self
    }
}

impl FileSource for MemoryFiles {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_file(&self, path: &Path) -> bool {
        self.0.contains_key(path)
    }
}

/// Loads this text as `/conf/zoo.cfg`.
pub(super) fn load_text(text: &str) -> Result<Loaded, ConfigErrors> {
    load_with(&MemoryFiles::default().with("/conf/zoo.cfg", text), &[], &[])
}

pub(super) fn load_with(
    files: &MemoryFiles,
    defines: &[&str],
    env: &[(&str, &str)],
) -> Result<Loaded, ConfigErrors> {
    let mut args = Invocation::server(["/conf/zoo.cfg"]);
    args.defines = defines.iter().map(|&define| define.to_owned()).collect();
    let env = env.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    load(&args, &env, files)
}

fn accepted(text: &str) -> Loaded {
    load_text(text).unwrap_or_else(|errors| panic!("refused:\n{errors}"))
}

fn refused(text: &str) -> Vec<String> {
    let errors = load_text(text).expect_err("must be refused");
    errors.problems.iter().map(Problem::to_string).collect()
}

fn warnings(loaded: &Loaded) -> String {
    loaded.warnings.iter().map(|w| format!("{}: {w}\n", w.level)).collect()
}

const SAMPLE: &str = "\
# The number of milliseconds of each tick
tickTime=2000
# The number of ticks that the initial
# synchronization phase can take
initLimit=10
syncLimit=5
# do not use /tmp for storage
dataDir=/tmp/zookeeper
# the port at which the clients will connect
clientPort=2181
#maxClientCnxns=60
#autopurge.snapRetainCount=3
#autopurge.purgeInterval=1
";

/// As the entrypoint of the Docker image writes it: no clientPort line.
const DOCKER: &str = "\
dataDir=/data
dataLogDir=/datalog
tickTime=2000
initLimit=5
syncLimit=2
autopurge.snapRetainCount=3
autopurge.purgeInterval=0
maxClientCnxns=60
standaloneEnabled=true
admin.enableServer=true
server.1=localhost:2888:3888;2181
4lw.commands.whitelist=stat, ruok, conf
";

const THREE: &str = "\
tickTime=2000
dataDir=/var/lib/zookeeper/
clientPort=2181
initLimit=5
syncLimit=2
server.1=zoo1:2888:3888
server.2=zoo2:2888:3888
server.3=[2001:db8::3]:2888:3888:observer
server.4=zoo4:2888:3888
peerType=participant
";

/// As a Kafka distribution ships it, with what HBase and operators add.
const KAFKA: &str = "\
dataDir=/var/zk
clientPort=2181
# disable the per-ip limit on the number of connections
maxClientCnxns=0
admin.enableServer=false
authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
authProvider.digest=org.apache.zookeeper.server.auth.DigestAuthenticationProvider
requireClientAuthScheme=sasl
jaasLoginRenew=3600000
snapCount=3000000
server.0=localhost:2888:3888
";

#[test]
fn the_sample_file_runs_standalone_without_a_warning() {
    let loaded = accepted(SAMPLE);
    assert_eq!(loaded.config.mode(), Mode::Standalone);
    assert_eq!(loaded.config.addresses.client_port, Some(2181));
    assert_eq!(loaded.config.ticks.tick_time_ms, 2000);
    assert_eq!(loaded.config.ticks.min_session_timeout_ms, 4000);
    assert_eq!(loaded.config.ticks.max_session_timeout_ms, 40_000);
    assert_eq!(loaded.config.dirs.data_log_dir, Path::new("/tmp/zookeeper"));
    assert_eq!(loaded.config.storage.purge.interval_hours, None);
    assert!(loaded.warnings.iter().all(|w| w.level == Level::Notice), "{}", warnings(&loaded));
    assert!(warnings(&loaded).contains("initLimit (/conf/zoo.cfg:5), syncLimit"));
}

#[test]
fn the_docker_file_takes_its_client_port_from_the_server_line() {
    let loaded = accepted(DOCKER);
    assert_eq!(loaded.config.mode(), Mode::Standalone);
    assert_eq!(loaded.config.addresses.client_port, Some(2181));
    assert_eq!(loaded.config.addresses.client_port_address, None);
    assert_eq!(loaded.config.dirs.data_log_dir, Path::new("/datalog"));
    assert!(["stat", "ruok", "conf", "srvr"].iter().all(|w| loaded.config.whitelist.allows(w)));
    assert!(!loaded.config.whitelist.allows("mntr"));
    let said = warnings(&loaded);
    assert!(
        said.contains("not yet (AdminServer): admin.enableServer (/conf/zoo.cfg:10)"),
        "{said}"
    );
    assert!(said.contains("server.1 is the only voter"), "{said}");
}

#[test]
fn three_servers_make_an_ensemble() {
    let files = MemoryFiles::default()
        .with("/conf/zoo.cfg", &format!("{THREE}server.5=zoo5:2888:3888;10.0.0.5:2185\n"))
        .with("/var/lib/zookeeper/myid", "5\n");
    let loaded = load_with(&files, &[], &[]).map(|l| l.config);
    let errors = loaded.expect_err("two client ports for one server");
    assert!(errors.to_string().contains("server.5 (port 2185)"), "{errors}");

    let files = MemoryFiles::default()
        .with("/conf/zoo.cfg", THREE)
        .with("/var/lib/zookeeper/myid", " 3 \n");
    let loaded = load_with(&files, &[], &[]).expect("a good ensemble");
    let quorum = &loaded.config.quorum;
    assert_eq!(loaded.config.mode(), Mode::Quorum);
    assert_eq!((quorum.server_id, quorum.peer_type), (Some(3), Role::Observer));
    assert_eq!(quorum.membership.voters().count(), 3);
    assert_eq!(quorum.membership.members[&3].addresses[0].host, "2001:db8::3");
    let said = warnings(&loaded);
    assert!(said.contains("peerType=participant, but by its server line"), "{said}");
    assert!(said.contains("not yet (ensembles): "), "{said}");
    assert!(!said.contains("voters outlive"), "{said}");
}

#[test]
fn a_kafka_style_file_runs_and_its_strange_keys_are_named() {
    let loaded = accepted(KAFKA);
    assert_eq!(loaded.config.mode(), Mode::Standalone);
    assert_eq!(loaded.config.limits.max_client_cnxns, 0);
    assert_eq!(loaded.config.storage.snap_count, 3_000_000);
    assert_eq!(loaded.config.ticks.tick_time_ms, 3000);
    let said = warnings(&loaded);
    assert!(said.contains("zoo.cfg:6: authProvider.1="), "{said}");
    assert!(said.contains("SASL is not served yet"), "{said}");
    assert!(!said.contains("authProvider.digest"), "{said}");
    assert!(said.contains("unknown setting requireClientAuthScheme"), "{said}");
    assert!(!said.contains("AdminServer"), "switched off is not missed: {said}");
}

#[test]
fn the_built_in_default_runs_and_purges() {
    let loaded = load(&Invocation::default(), &BTreeMap::new(), &MemoryFiles::default())
        .expect("needs nothing");
    assert_eq!(loaded.source, Source::Embedded);
    assert_eq!(loaded.config.addresses.client_port, Some(2181));
    assert_eq!(loaded.config.dirs.data_dir, Path::new("data"));
    assert_eq!(loaded.config.ticks.tick_time_ms, 2000);
    assert_eq!(loaded.config.storage.purge.interval_hours, Some(1));
    assert_eq!(loaded.config.storage.purge.retain, 3);
    assert!(loaded.warnings.is_empty(), "{}", warnings(&loaded));
}

#[test]
fn the_built_in_default_takes_properties_too() {
    let args = Invocation {
        command: Command::Embedded,
        defines: vec![
            "zookeeper.extendedTypesEnabled=true".into(),
            "-Djute.maxbuffer=0x200000".into(),
        ],
    };
    let loaded = load(&args, &BTreeMap::new(), &MemoryFiles::default()).expect("runs");
    assert!(loaded.config.features.extended_types);
    assert_eq!(loaded.config.limits.jute_max_buffer, 0x20_0000);
    assert_eq!(loaded.config.limits.jute_extra_size, 0x20_0000);
}

#[test]
fn several_errors_are_told_together_with_their_places() {
    let text = "tickTime=fast\nclientPort=70000\nlocalSessionsEnabled=yes\ninitLimit=-1\n";
    let told = refused(text);
    assert_eq!(
        told,
        [
            "/conf/zoo.cfg: dataDir is missing: expected dataDir=<directory for snapshots and logs>",
            "/conf/zoo.cfg:1: tickTime=fast: expected a whole number from 1 to 2147483647",
            "/conf/zoo.cfg:2: clientPort=70000: expected a port from 1 to 65535",
            "/conf/zoo.cfg:3: localSessionsEnabled=yes: expected true or false",
            "/conf/zoo.cfg:4: initLimit=-1: expected a whole number from 0 to 2147483647",
        ]
    );
}

#[test]
fn apaches_startup_checks() {
    let base = "dataDir=/d\nclientPort=1\n";
    let ensemble = "initLimit=5\nsyncLimit=2\nserver.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n";
    for (lines, expected) in [
        ("tickTime=0", "tickTime=0: expected a whole number from 1"),
        ("minSessionTimeout=9000\nmaxSessionTimeout=8000", "minSessionTimeout (9000 ms) must not"),
        ("minSessionTimeout=90000", "zoo.cfg:3: minSessionTimeout (90000 ms)"),
        ("secureClientPortAddress=::1", "secureClientPort is not"),
        ("electionAlg=1", "electionAlg=1: expected 3"),
        ("peerType=voter", "expected participant or observer"),
        ("standaloneEnabled=false", "at least one server line"),
        ("server.1=a:1:2:observer", "observers without a participant"),
        ("server.1=a:1:2\nserver.2=b:1:2:observer", "one participant with observers"),
        ("server.1=a:1:2\nserver.2=b:1:2", "initLimit is missing"),
        (ensemble, "/d/myid is missing"),
        ("server.1=a:2888", "server.1=a:2888: expected host:quorumPort:electionPort"),
        ("server.x=a:1:2", "after the dot"),
        ("server.1=a:1:2|b:1:2", "multiAddress.enabled=true"),
        ("quorum.auth.serverRequireSasl=true", "needs quorum.auth.enableSasl=true"),
        ("enforce.auth.enabled=true", "names no scheme"),
        ("enforce.auth.enabled=true\nenforce.auth.schemes=digest,sasl", "authentication by sasl"),
        ("sessionRequireClientSASLAuth=true", "zoo.cfg:3: authentication by sasl"),
        ("DigestAuthenticationProvider.digestAlg=MD5", "digestAlg=MD5: expected SHA1"),
        ("dynamicConfigFile=/none", "/none: cannot read the file"),
        ("dynamicConfigFile=/none\ngroup.1=1", "group.1 must stand in /none"),
        ("server.1=a:1:2\nserver.2=b:1:2\ngroup.1=1", "server 2 is in no group"),
        ("a=\\u12", "zoo.cfg:3: \\u12: expected four hex digits"),
    ] {
        let told = refused(&format!("{base}{lines}\n")).join("\n");
        assert!(told.contains(expected), "{lines:?} told\n{told}");
    }
    let told = refused("dataDir=/d\nclientPortAddress=::1\n").join("\n");
    assert!(
        told.contains("zoo.cfg:2: clientPortAddress is given, but clientPort is not"),
        "{told}"
    );
    let told = refused("dataDir=/d\nsecureClientPort=2281\n").join("\n");
    assert!(told.contains("secureClientPort needs TLS"), "{told}");
}

#[test]
fn clientport_zero_is_not_set_in_a_file() {
    assert!(refused("dataDir=/d\nclientPort=0\n")[0].contains("no client port"));
}

#[test]
fn a_dynamic_file_gives_members_and_the_client_address() {
    let config = "dataDir=/d\ndynamicConfigFile=/conf/zoo.cfg.dynamic.100000003\n\
                  initLimit=5\nsyncLimit=2\nreconfigEnabled=true\n";
    let members = "server.1=127.0.0.1:24021:24031:participant;127.0.0.1:24011\n\
                   server.2=127.0.0.1:24022:24032:participant;127.0.0.1:24012\n\
                   server.3=127.0.0.1:24023:24033:participant;127.0.0.1:24013\n\
                   server.4=127.0.0.1:24024:24034:observer;127.0.0.1:24014";
    let files = |dynamic: &str, id: &str| {
        MemoryFiles::default()
            .with("/conf/zoo.cfg", config)
            .with("/conf/zoo.cfg.dynamic.100000003", dynamic)
            .with("/d/myid", id)
    };
    let loaded = load_with(&files(members, "4"), &[], &[]).expect("good");
    assert_eq!(loaded.config.addresses.client_port, Some(24014));
    assert_eq!(loaded.config.addresses.client_port_address.as_deref(), Some("127.0.0.1"));
    assert_eq!(loaded.config.quorum.peer_type, Role::Observer);
    assert!(loaded.config.features.reconfig_enabled);

    let told = |dynamic: &str, id: &str| {
        load_with(&files(dynamic, id), &[], &[]).expect_err("bad").to_string()
    };
    assert!(told(members, "9").contains("/d/myid says 9, but there is no server.9 line"));
    assert!(told(members, "four").contains("/d/myid:1: 'four': expected this server's id"));
    assert!(told(&format!("{members}\nversion=5"), "4").contains("dynamic.100000003:5: version"));
    assert!(told(&format!("{members}\ntickTime=5"), "4").contains("expected only server, group"));
}

#[test]
fn standalone_follows_voters_and_the_switch() {
    let one = "dataDir=/d\nclientPort=1\nserver.7=a:1:2\n";
    assert_eq!(accepted(one).config.mode(), Mode::Standalone);
    let files = MemoryFiles::default()
        .with("/conf/zoo.cfg", &format!("{one}standaloneEnabled=false\ninitLimit=5\nsyncLimit=2\n"))
        .with("/d/myid", "7");
    let loaded = load_with(&files, &[], &[]).expect("an ensemble of one");
    assert_eq!(loaded.config.mode(), Mode::Quorum);
    assert!(warnings(&loaded).contains("no server may fail"));
}

#[test]
fn even_voters_are_remarked_on() {
    let lines: String = (1..=4).map(|n| format!("server.{n}=zoo{n}:2888:3888\n")).collect();
    let files = MemoryFiles::default()
        .with(
            "/conf/zoo.cfg",
            &format!("dataDir=/d\nclientPort=1\ninitLimit=5\nsyncLimit=2\n{lines}"),
        )
        .with("/d/myid", "1");
    let loaded = load_with(&files, &[], &[]).expect("good");
    assert!(warnings(&loaded).contains("4 voters outlive no more failures than 3"));
}

#[test]
fn a_lone_server_line_serves_whatever_myid_says() {
    let text = "dataDir=/d\nserver.1=a:1:2;10.0.0.1:2181\n";
    let files = MemoryFiles::default().with("/conf/zoo.cfg", text).with("/d/myid", "9");
    let loaded = load_with(&files, &[], &[]).expect("standalone");
    assert_eq!(loaded.config.addresses.client_port_address.as_deref(), Some("10.0.0.1"));
}

#[test]
fn one_warning_lists_settings_without_effect_by_reason() {
    let text = "dataDir=/d\nclientPort=1\nnio.numWorkerThreads=4\nssl.crl=true\nssl.ocsp=false\n\
                commitProcessor.numWorkerThreads=2\nquorum.auth.enableSasl=true\naudit.enable=true\n";
    let loaded = accepted(text);
    let collected: Vec<&Warning> =
        loaded.warnings.iter().filter(|w| w.text.contains("without effect")).collect();
    assert_eq!(collected.len(), 1);
    let said = &collected[0].text;
    for part in [
        "not yet (TLS): ssl.crl (/conf/zoo.cfg:4)",
        "not yet (SASL and Kerberos): quorum.auth.enableSasl",
        "not yet (audit log): audit.enable",
        "threads and caches: commitProcessor.numWorkerThreads (/conf/zoo.cfg:6), nio.numWorkerThreads",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("ssl.ocsp"), "{said}");
}

#[test]
fn jvm_flags_are_named_as_having_no_effect() {
    let files = MemoryFiles::default().with("/conf/zoo.cfg", SAMPLE);
    let env = [("SERVER_JVMFLAGS", "-Xmx4g -XX:+UseG1GC"), ("ZK_SERVER_HEAP", "4000")];
    let loaded = load_with(&files, &[], &env).expect("good");
    let said = warnings(&loaded);
    assert!(said.contains("heap sizes and other JVM flags have no effect"), "{said}");
    assert!(said.contains("-Xmx4g (SERVER_JVMFLAGS)"), "{said}");
    assert_eq!(loaded.jvm_flags.len(), 3);
}

#[test]
fn real_files_are_read_and_monsters_are_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("zoo.cfg");
    std::fs::write(&path, SAMPLE).expect("written");
    let args = Invocation::server([path.to_str().expect("plain path")]);
    let loaded = load(&args, &BTreeMap::new(), &DiskFiles).expect("good");
    assert_eq!(loaded.source, Source::File(path.clone()));
    std::fs::write(&path, vec![b'#'; (1 << 20) + 1]).expect("written");
    let errors = load(&args, &BTreeMap::new(), &DiskFiles).expect_err("too large");
    assert!(errors.to_string().contains("larger than 1 MiB"), "{errors}");
}
