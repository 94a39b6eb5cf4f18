//! The built-in catalogue against the API's list of runtimes and the recorded environments.
#![expect(clippy::unwrap_used, reason = "tests: a failure is to end the test")]

use lambent_runtimes::{
    Availability, Bootstraps, Catalogue, Credentials, FunctionEnvironment, InitializationType, Interpreter, Language,
    LaunchPlan, Places, Unavailable, discover, platform_env,
};
use lambent_types::{Clock, EnvironmentVariables, MemorySize, RuntimeId, SystemClock};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// The `Runtime` enumeration of the service model.
const MODEL: &str = "nodejs nodejs4.3 nodejs6.10 nodejs8.10 nodejs10.x nodejs12.x nodejs14.x nodejs16.x nodejs18.x nodejs20.x \
    nodejs22.x nodejs24.x java8 java8.al2 java11 java17 java21 java25 python2.7 python3.6 python3.7 python3.8 python3.9 python3.10 \
    python3.11 python3.12 python3.13 python3.14 dotnetcore1.0 dotnetcore2.0 dotnetcore2.1 dotnetcore3.1 dotnet6 dotnet8 dotnet10 \
    nodejs4.3-edge go1.x ruby2.5 ruby2.7 ruby3.2 ruby3.3 ruby3.4 ruby4.0 provided provided.al2 provided.al2023 nodejs26.x python3.15 \
    java8.al2023 java11.al2023 java17.al2023 custom";

fn interpreter(language: Language, version: &str, program: &str) -> Interpreter {
    Interpreter {
        language,
        version: version.parse().unwrap(),
        program: program.into(),
    }
}

fn some_interpreters() -> Vec<Interpreter> {
    vec![
        interpreter(Language::Python, "3.12.1", "/x/versions/3.12.1/bin/python3.12"),
        interpreter(Language::Python, "3.11", "/usr/bin/python3.11"),
        interpreter(Language::Node, "20.20.2", "/usr/bin/node"),
        interpreter(Language::Ruby, "3.1.7", "/usr/bin/ruby3.1"),
    ]
}

fn catalogue(operator: Option<&str>, found: &[Interpreter], dir: &Path) -> Catalogue {
    Catalogue::load(operator, found, &Bootstraps::install(dir).unwrap(), dir).unwrap()
}

fn launch(catalogue: &Catalogue, id: &str) -> Result<LaunchPlan, Unavailable> {
    catalogue.launch(&RuntimeId::new(id))
}

#[test]
fn every_runtime_of_the_api_is_known() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = catalogue(None, &some_interpreters(), dir.path());
    let known: BTreeSet<_> = catalogue.report().into_iter().map(|each| each.id.to_string()).collect();
    let model: BTreeSet<_> = MODEL.split_whitespace().map(str::to_owned).collect();
    assert_eq!(known, model);
    assert_eq!(
        launch(&catalogue, "cobol"),
        Err(Unavailable::Unknown("cobol".to_owned()))
    );
    assert!(matches!(launch(&catalogue, "custom"), Err(Unavailable::Unsupported(_))));
    assert!(matches!(launch(&catalogue, "java21"), Err(Unavailable::Missing { fix }) if fix.contains("JDK 21")));
    assert!(
        matches!(launch(&catalogue, "python2.7"), Err(Unavailable::Missing { fix }) if fix.contains("runtimes/python2.7"))
    );
}

#[test]
fn an_installation_is_mounted_and_a_system_program_is_linked() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = catalogue(None, &some_interpreters(), dir.path());
    let plan = launch(&catalogue, "python3.12").unwrap();
    assert_eq!(
        plan.command,
        ["/var/lang/bin/python3.12", "-S", "-u", "/var/runtime/bootstrap.py"]
    );
    assert_eq!(
        (plan.mounts[0].host.as_path(), plan.mounts[0].inside.as_str()),
        (Path::new("/x/versions/3.12.1"), "/var/lang")
    );
    assert!(plan.mounts[1].host.join("bootstrap.py").is_file() && plan.mounts[1].inside == "/var/runtime");
    assert_eq!((plan.substituted, plan.working_dir.as_str()), (None, "/var/task"));
    let plan = launch(&catalogue, "python3.11").unwrap();
    assert_eq!(
        fs::read_link(plan.mounts[0].host.join("bin/python3.11")).unwrap(),
        Path::new("/usr/bin/python3.11")
    );
    let plan = launch(&catalogue, "nodejs8.10").unwrap();
    assert_eq!(plan.substituted.as_deref(), Some("20.20.2"));
    assert_eq!(
        plan.command,
        ["/var/lang/bin/node", "--expose-gc", "/var/runtime/bootstrap.js"]
    );
    assert_eq!(launch(&catalogue, "provided.al2023").unwrap().mounts, []);
}

#[test]
fn a_jre_needs_a_jdk_beside_it() {
    let dir = tempfile::tempdir().unwrap();
    let jre = interpreter(Language::Java, "21.0.8", "/x/jre/bin/java");
    let alone = catalogue(None, std::slice::from_ref(&jre), dir.path());
    assert!(matches!(launch(&alone, "java21"), Err(Unavailable::Missing { fix }) if fix.contains("JDK")));
    let bin = dir.path().join("jdk-17/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::write(bin.join("javac"), "").unwrap();
    let jdk = interpreter(Language::Java, "17.0.1", bin.join("java").to_str().unwrap());
    let both = catalogue(None, &[jre, jdk], dir.path());
    let plan = launch(&both, "java21").unwrap();
    let command = plan.command.join(" ");
    assert!(command.starts_with("/var/lang/bin/java -Xshare:auto"), "{command}");
    assert!(
        command.ends_with(" -cp /var/runtime lambent.runtime.Bootstrap"),
        "{command}"
    );
    assert!(!plan.preparation.as_ref().unwrap().is_done());
    assert_eq!(plan.early_variables, None, "it cannot be told its function later");
    assert_eq!(plan.mounts[0].host, Path::new("/x/jre"));
    let plan = launch(&both, "java8").unwrap();
    assert!(
        plan.old_credential_names
            && plan
                .command
                .contains(&"--add-opens=java.base/java.io=ALL-UNNAMED".to_owned())
    );
    assert_eq!(plan.substituted.as_deref(), Some("17.0.1"));
}

#[test]
fn an_operator_adds_and_replaces_stanzas() {
    let dir = tempfile::tempdir().unwrap();
    let theirs = "[runtime.\"python3.12-fast\"]\nfamily = \"python\"\nversion = \"3.12\"\nenvironment = { FAST = \"1\" }\n\
        [runtime.go1_x]\nunsupported = \"no\"\n[runtime.java21]\nfamily = \"provided\"\n";
    let catalogue = catalogue(Some(theirs), &some_interpreters(), dir.path());
    let plan = launch(&catalogue, "python3.12-fast").unwrap();
    assert!(plan.env.contains(&("FAST".to_owned(), "1".to_owned())));
    assert_eq!(launch(&catalogue, "java21").unwrap().command, ["/var/task/bootstrap"]);
    let report = catalogue.report();
    let java = report.iter().find(|each| each.id.as_str() == "java21").unwrap();
    assert_eq!(java.availability, Availability::OwnProgram);
    for bad in [
        "[runtime.x]\nfamily = \"none\"",
        "[runtime.x]\nfamily = \"python\"",
        "[runtime.x]\nodd = 1",
        "[runtime.x]",
    ] {
        let bootstraps = Bootstraps::install(dir.path()).unwrap();
        assert!(
            Catalogue::load(Some(bad), &[], &bootstraps, dir.path()).is_err(),
            "{bad}"
        );
    }
}

fn environment(plan: &LaunchPlan, variables: &EnvironmentVariables) -> BTreeMap<String, String> {
    let function = FunctionEnvironment {
        function_name: "f",
        version: "$LATEST",
        memory: MemorySize::DEFAULT,
        handler: "index.handler",
        region: "us-east-1",
        log_group: "/aws/lambda/f",
        log_stream: "stream",
        json_log_level: None,
        credentials: Credentials {
            access_key_id: "a",
            secret_access_key: "s",
            session_token: "t",
        },
        runtime_api: "127.0.0.1:9001",
        initialization: InitializationType::OnDemand,
        trace_id: Some("Root=1"),
        extra: &[],
        variables,
        plan,
    };
    platform_env(&function).into_iter().collect()
}

#[test]
fn environments_are_as_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let catalogue = catalogue(None, &some_interpreters(), dir.path());
    let data = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/environments.txt")).unwrap();
    let mut checked = 0;
    for section in data
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n")
        .split('[')
        .skip(1)
    {
        let (id, recorded) = section.split_once("]\n").unwrap();
        let plan = launch(&catalogue, id).unwrap();
        let mut environment = environment(&plan, &EnvironmentVariables::default());
        // The bootstrap takes this one back.
        if id.starts_with("ruby") {
            environment.remove("LC_CTYPE");
        }
        let recorded: BTreeMap<_, _> = recorded
            .lines()
            .map(|line| line.split_once('=').unwrap_or((line, "")))
            .collect();
        // The bootstrap sets this one: Node would read the file before it starts.
        let names: BTreeSet<_> = recorded
            .keys()
            .copied()
            .filter(|name| *name != "NODE_EXTRA_CA_CERTS")
            .collect();
        assert_eq!(
            environment.keys().map(String::as_str).collect::<BTreeSet<_>>(),
            names,
            "{id}"
        );
        for (name, value) in recorded
            .into_iter()
            .filter(|(name, value)| !value.is_empty() && names.contains(name))
        {
            assert_eq!(environment[name], value, "{id} {name}");
        }
        checked += 1;
    }
    assert_eq!(checked, 17);
}

#[test]
fn own_variables_win_over_defaults_and_never_over_reserved_names() {
    let dir = tempfile::tempdir().unwrap();
    let plan = launch(&catalogue(None, &some_interpreters(), dir.path()), "python3.12").unwrap();
    let own = [
        ("TZ", "Europe/Berlin"),
        ("PATH", "/opt/mine"),
        ("AWS_REGION", "no"),
        ("AWS_EXECUTION_ENV", "no"),
        ("_HANDLER", "no"),
        ("A", "1"),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let environment = environment(&plan, &EnvironmentVariables::from_iter(own));
    for (name, value) in [
        ("TZ", "Europe/Berlin"),
        ("PATH", "/opt/mine"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.12"),
        ("_HANDLER", "index.handler"),
        ("A", "1"),
    ] {
        assert_eq!(environment[name], value);
    }
}

#[test]
fn looking_at_this_host_is_cheap() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), SystemClock::default());
    let start = clock.monotonic_micros();
    let found = discover(&Places::usual(|name| std::env::var_os(name), dir.path()));
    let catalogue = catalogue(None, &found, dir.path());
    let taken = clock.monotonic_micros() - start;
    println!(
        "{} interpreters, {} runtimes in {taken} us",
        found.len(),
        catalogue.report().len()
    );
    assert!(taken < 500_000, "{taken} us");
}
