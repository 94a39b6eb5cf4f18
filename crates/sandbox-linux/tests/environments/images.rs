//! Environments with a root of their own.

use crate::host::{Host, PATIENCE, sh, spec};
use lambent_sandbox::{Companions, EnvSpec, Exit, Root};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

/// Makes a small image: these programs of the host with their libraries, and what every image has room for.
fn image(host: &Host, name: &str) -> PathBuf {
    let root = host.code(name, "marker", "of the image\n");
    for folder in ["dev", "proc", "tmp", "etc/lambent", "app"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for file in ["etc/hosts", "etc/resolv.conf"] {
        fs::write(root.join(file), "").unwrap();
    }
    for program in [
        "/bin/sh",
        "/bin/ls",
        "/usr/bin/touch",
        "/usr/bin/id",
        "/bin/cat",
        "/bin/grep",
        "/usr/bin/unshare",
    ] {
        let listed = Command::new("ldd").arg(program).output().unwrap().stdout;
        let listed = String::from_utf8(listed).unwrap();
        let libraries = listed.split_whitespace().filter(|word| word.starts_with('/'));
        for file in libraries.chain([program]) {
            let inside = root.join(&file[1..]);
            fs::create_dir_all(inside.parent().unwrap()).unwrap();
            fs::copy(file, inside).unwrap();
        }
    }
    root
}

fn inside(root: &Path, script: &str) -> EnvSpec {
    EnvSpec {
        root: Root::Image(root.to_owned()),
        working_dir: "/app".into(),
        ..sh(script)
    }
}

pub(crate) async fn an_image_is_the_root(host: &Host) {
    let root = image(host, "image");
    let script =
        "ls /; cat /marker; ls /usr/share /home /root 2>/dev/null; id -u; pwd; cat /etc/hosts; cat /etc/passwd";
    let outcome = host.run(inside(&root, script)).await;
    assert!(
        outcome.output.starts_with("app\nbin\ndev\netc\n"),
        "what it has and nothing more: {}",
        outcome.output
    );
    let words = [
        "of the image\n993\n/app\n",
        "127.0.0.1 localhost",
        "/etc/passwd: No such file",
    ];
    for word in words {
        assert!(outcome.output.contains(word), "{word:?} in {}", outcome.output);
    }
}

pub(crate) async fn an_image_is_as_confined_as_the_minimal_root(host: &Host) {
    let root = image(host, "confined");
    let script =
        "for place in / /app /bin /etc /dev /proc /app/x; do touch $place/x 2>/dev/null && echo wrote $place; done
        echo x >> /marker && echo wrote the marker
        echo x > /etc/hosts && echo wrote hosts
        touch /tmp/x && echo tmp; echo x > /dev/null && echo null
        unshare -m true 2>/dev/null && echo unshared
        grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/self/status
        ls /proc | grep -c '^[0-9]'; ls /proc/self/fd; exit 7";
    let outcome = host.run(inside(&root, script)).await;
    assert_eq!(outcome.exit, Some(Exit::Status(7)));
    let words = [
        "tmp\nnull\n",
        "CapEff:\t0000000000000000",
        "NoNewPrivs:\t1",
        "Seccomp:\t2",
        "\n0\n1\n2\n3\n",
    ];
    for word in words {
        assert!(outcome.output.contains(word), "{word:?} in {}", outcome.output);
    }
    assert!(
        !outcome.output.contains("wrote") && !outcome.output.contains("unshared"),
        "{}",
        outcome.output
    );
    assert_eq!(fs::read_to_string(root.join("marker")).unwrap(), "of the image\n");
}

pub(crate) async fn an_image_runs_again_with_its_companions(host: &Host) {
    let root = image(host, "again");
    let companion = root.join("opt/extensions/beside");
    fs::create_dir_all(companion.parent().unwrap()).unwrap();
    fs::write(
        &companion,
        "#!/bin/sh\nread line < /marker; [ \"$line\" = 'of the image' ] && exit 5\n",
    )
    .unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&companion, mode).unwrap();
    let accompanied = |script: &str| EnvSpec {
        companions: Companions {
            programs: vec!["/opt/extensions/beside".into()],
            env: vec![],
        },
        ..inside(&root, script)
    };
    let mut sandbox = host.start(accompanied("echo kept > /tmp/file; exit 3")).await;
    sandbox.control.begin().await.unwrap();
    assert_eq!((&mut sandbox.exited).await, Ok(Exit::Status(3)));
    assert_eq!(sandbox.companion_exits.recv().await, Some((0, Exit::Status(5))));
    let mut processes = sandbox.control.empty().await.unwrap();
    let script = "read line < /tmp/file; touch /marker 2>/dev/null && exit 1; [ $line = kept ] && exit 4";
    sandbox.control.restart(accompanied(script)).await.unwrap();
    sandbox.control.begin().await.unwrap();
    let exited = tokio::time::timeout(PATIENCE, processes.exited).await.unwrap();
    assert_eq!(exited, Ok(Exit::Status(4)));
    assert_eq!(processes.companion_exits.recv().await, Some((0, Exit::Status(5))));
}

pub(crate) async fn links_of_an_image_lead_nowhere_but_into_it(host: &Host) {
    let root = image(host, "links");
    fs::remove_dir_all(root.join("etc")).unwrap();
    symlink("/usr", root.join("etc")).unwrap();
    fs::remove_dir(root.join("tmp")).unwrap();
    fs::create_dir(root.join("var-tmp")).unwrap();
    symlink("/var-tmp", root.join("tmp")).unwrap();
    let outcome = host
        .run(inside(&root, "touch /var-tmp/x && ls /tmp; cat /usr/hosts"))
        .await;
    assert!(outcome.output.starts_with("x\n"), "{}", outcome.output);
    let lacking = host.code("lacking", "marker", "");
    let refused = host.refused(inside(&lacking, "true")).await;
    assert!(refused.to_string().contains("/dev in the image"), "{refused}");
    let missing = EnvSpec {
        root: Root::Image(root.join("missing")),
        ..spec(&["/bin/sh"])
    };
    host.refused(missing).await;
}
