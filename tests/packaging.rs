//! What kbsync is run from (systemd, Docker, Kubernetes), held against the program: configs load, commands exist, exit
//! codes mean something, and what one file expects of another is there.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const MANIFESTS: [&str; 2] = ["kubernetes/sidecar.yaml", "kubernetes/cronjob.yaml"];
const SERVICES: [&str; 2] = ["systemd/kbsync.service", "systemd/kbsync-sync.service"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

fn kbsync(args: &[impl AsRef<str>], credentials: &Path) -> Output {
    let mut kbsync = Command::new(env!("CARGO_BIN_EXE_kbsync"));
    kbsync.args(args.iter().map(AsRef::as_ref)).env("CREDENTIALS_DIRECTORY", credentials).output().unwrap()
}

/// The documents of a YAML file.
fn documents(path: &str) -> Vec<Value> {
    serde_yaml::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The values of a unit's key, or the words after a Dockerfile's instruction.
fn values<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.trim_start().strip_prefix(key)?.strip_prefix(['=', ' ']))
}

fn value<'a>(text: &'a str, key: &'a str) -> &'a str {
    values(text, key).next().unwrap_or_else(|| panic!("{key} is not there"))
}

fn words(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// kbsync in a container: where it is described, and what it is given.
struct Container {
    path: &'static str,
    spec: Value,
    mounts: Vec<String>,
    config: String,
}

/// kbsync's containers in every manifest and in the compose file.
fn containers() -> Vec<Container> {
    let mut containers: Vec<_> = MANIFESTS.into_iter().map(in_kubernetes).collect();
    containers.push(in_compose());
    containers
}

fn in_kubernetes(path: &'static str) -> Container {
    let documents = documents(path);
    let of_kind = |kind: &str| documents.iter().find(|document| document["kind"] == kind);
    let config = of_kind("ConfigMap").unwrap()["data"]["kbsync.yaml"].as_str().unwrap().to_owned();
    let spec = match of_kind("Deployment") {
        Some(deployment) => &deployment["spec"]["template"]["spec"]["initContainers"][0],
        None => &of_kind("CronJob").unwrap()["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0],
    };
    assert_eq!(spec["name"], "kbsync", "{path}");
    let mounts = spec["volumeMounts"].as_array().unwrap().iter();
    let mounts = mounts.map(|mount| mount["mountPath"].as_str().unwrap().to_owned()).collect();
    Container { path, spec: spec.clone(), mounts, config }
}

fn in_compose() -> Container {
    let path = "docker/compose.yaml";
    let compose = documents(path).remove(0);
    let spec = compose["services"]["kbsync"].clone();
    let mount = |volume: &String| volume.split(':').nth(1).unwrap().to_owned();
    let mut mounts: Vec<String> = words(&spec["volumes"]).iter().map(mount).collect();
    assert!(words(&spec["secrets"]).contains(&"api_key".to_owned()));
    mounts.push("/run/secrets".to_owned());
    Container { path, spec, mounts, config: read("docker/kbsync.yaml") }
}

/// The arguments that kbsync is started with, wherever that is, each with the place.
fn commands() -> Vec<(String, Vec<String>)> {
    let mut commands = Vec::new();
    for path in SERVICES {
        let start = value(&read(path), "ExecStart").split(' ').skip(1).map(str::to_owned).collect();
        commands.push((path.to_owned(), start));
    }
    let dockerfile = read("Dockerfile");
    let list = |text: &str| words(&serde_json::from_str(text).unwrap());
    assert_eq!(list(value(&dockerfile, "ENTRYPOINT")), ["/kbsync"]);
    commands.push(("Dockerfile".to_owned(), list(value(&dockerfile, "CMD"))));
    let (_, health) = value(&dockerfile, "HEALTHCHECK").split_once("CMD ").unwrap();
    commands.push(("Dockerfile".to_owned(), list(health).split_off(1)));
    for Container { path, spec, .. } in containers() {
        let given = [&spec["args"], &spec["livenessProbe"]["exec"]["command"], &spec["healthcheck"]["test"]];
        for list in given.into_iter().filter(|list| list.is_array()) {
            let own = words(list).into_iter().filter(|word| word != "CMD" && word != "/kbsync");
            commands.push((path.to_owned(), own.collect()));
        }
    }
    for path in ["systemd/README.md", "docs/docker.md", "docs/kubernetes.md"] {
        let text = read(path);
        for start in ["\nkbsync-admin ", "`kbsync-admin ", " /kbsync ", " --rm kbsync "] {
            for rest in text.split(start).skip(1) {
                let command = rest.split(['\n', '`']).next().unwrap();
                commands.push((path.to_owned(), command.split(' ').map(str::to_owned).collect()));
            }
        }
    }
    commands
}

#[test]
fn every_command_exists() {
    let commands = commands();
    assert!(commands.len() > 15, "{commands:?}");
    for (path, mut args) in commands {
        args.push("--help".to_owned());
        let output = kbsync(&args, Path::new("/"));
        assert!(output.status.success(), "{path}: {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn every_config_loads_with_the_key_that_is_handed_to_it() {
    let mut configs: Vec<_> = containers().into_iter().map(|found| (found.path, found.config)).collect();
    let readme = read("systemd/README.md");
    configs.push((
        "systemd/README.md",
        readme.split("```").find_map(|block| block.strip_prefix("yaml\n")).unwrap().into(),
    ));
    for (path, config) in configs {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("api_key"), "key\n").unwrap();
        let documents = folder.path().to_str().unwrap();
        let config = config.replace(value(&config, "folder:"), documents);
        let file = folder.path().join("kbsync.yaml");
        fs::write(&file, config).unwrap();
        let checked = kbsync(&["--config", file.to_str().unwrap(), "check"], folder.path());
        assert!(checked.status.success(), "{path}: {}", String::from_utf8_lossy(&checked.stderr));
        assert!(checked.stderr.is_empty(), "{path}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}

/// What the image finds by itself is where each container puts it.
#[test]
fn what_the_image_expects_is_mounted() {
    let dockerfile = read("Dockerfile");
    let expected = |name: &str| {
        let (_, rest) = dockerfile.split_once(&format!(" {name}=")).unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(expected("SQLITE_TMPDIR"), expected("STATE_DIRECTORY"), "the rest of the root may be read only");
    assert_eq!(value(&dockerfile, "VOLUME"), expected("STATE_DIRECTORY"));
    for Container { path, mounts, config, .. } in containers() {
        let mounted = |wanted: &str| mounts.iter().any(|mount| Path::new(wanted).starts_with(mount));
        for name in ["KBSYNC_CONFIG", "STATE_DIRECTORY", "CREDENTIALS_DIRECTORY"] {
            assert!(mounted(&expected(name)), "{path}: {name} is not in {mounts:?}");
        }
        let folder = value(&config, "folder:");
        assert!(mounted(folder), "{path}: {folder} is not in {mounts:?}");
    }
}

#[test]
fn nothing_runs_as_root_or_writes_to_its_root() {
    let dockerfile = read("Dockerfile");
    let (user, group) = value(&dockerfile, "USER").split_once(':').unwrap();
    let user: u32 = user.parse().expect("a number, for there is no /etc/passwd");
    assert!(user != 0 && group == user.to_string());
    assert!(dockerfile.contains(&format!("--chown={user}:{group} /empty /state")));
    for path in MANIFESTS {
        let text = read(path);
        let (runs_as, none) = (values(&text, "runAsUser:").collect::<BTreeSet<_>>(), BTreeSet::from([group]));
        assert_eq!(runs_as, none, "{path}");
        assert_eq!(value(&text, "runAsNonRoot:"), "true", "{path}");
        assert_eq!(in_kubernetes(path).spec["securityContext"]["readOnlyRootFilesystem"], true, "{path}");
    }
    assert_eq!(in_compose().spec["read_only"], true);
}

#[test]
fn exit_codes_are_kbsyncs_own() {
    let help = kbsync(&["--help"], Path::new("/"));
    let help = String::from_utf8(help.stdout).unwrap();
    let (_, table) = help.split_once("Exit codes:").unwrap();
    let known: BTreeSet<u64> = table.split(['·', ' ', '\n']).filter_map(|word| word.parse().ok()).collect();
    assert!(known.len() > 5);
    let unit = read("systemd/kbsync.service");
    let prevent = value(&unit, "RestartPreventExitStatus").split(' ').map(|code| code.parse().unwrap());
    let job = documents("kubernetes/cronjob.yaml").into_iter().find(|document| document["kind"] == "CronJob").unwrap();
    let codes = &job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"];
    let fail = codes.as_array().unwrap().iter().map(|code| code.as_u64().unwrap());
    for code in prevent.chain(fail) {
        assert!(code != 0 && known.contains(&code), "{code} is not an exit code of kbsync: {known:?}");
    }
}

#[test]
fn both_services_are_in_the_same_sandbox() {
    let sandbox = |path: &str| {
        let text = read(path);
        let (_, rest) = text.split_once("# The key is handed").unwrap();
        rest.split("[Install]").next().unwrap().trim_end().to_owned()
    };
    assert_eq!(sandbox(SERVICES[0]), sandbox(SERVICES[1]));
}

#[test]
fn the_administrator_sees_what_the_service_sees() {
    let (unit, admin) = (read(SERVICES[0]), read("systemd/kbsync-admin"));
    let command = |line: &str| line.split(' ').take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(command(value(&admin, "exec")), command(value(&unit, "ExecStart")));
    let (credential, file) = value(&unit, "LoadCredential").split_once(':').unwrap();
    assert_eq!(Path::new(file).file_name().unwrap(), credential);
    let folders = [
        format!("STATE_DIRECTORY=/var/lib/{}", value(&unit, "StateDirectory")),
        format!("CREDENTIALS_DIRECTORY={}", Path::new(file).parent().unwrap().display()),
    ];
    for folder in folders {
        assert!(admin.contains(&folder), "{folder}");
    }
}

#[test]
fn the_image_is_built_as_the_static_binary_is() {
    let (dockerfile, check) = (read("Dockerfile"), read(".ci/static"));
    let build = |text: &str| {
        let line = text.lines().find(|line| line.trim().starts_with("cargo rustc")).unwrap();
        line.trim().trim_end_matches(" \\").replace(" --release", "")
    };
    assert_eq!(build(&dockerfile), build(&check));
    let version = format!("FROM rust:{}-", env!("CARGO_PKG_RUST_VERSION"));
    assert!(dockerfile.contains(&version), "{version}");
    let copied = values(&dockerfile, "COPY").filter(|files| !files.starts_with("--from"));
    let copied: BTreeSet<_> = copied.flat_map(|files| files.split(' ').rev().skip(1)).map(PathBuf::from).collect();
    let ignore = read(".dockerignore");
    let sent: BTreeSet<_> = ignore.lines().filter_map(|line| line.strip_prefix('!')).map(PathBuf::from).collect();
    assert_eq!(copied, sent, "what .dockerignore lets through is what the image is built from");
}
