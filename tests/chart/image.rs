//! The image: the same input makes the same bytes, and nothing is in it but what runs.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Makes an image of a small program that is on every machine.
fn image(output: &Path, name: &str, more: &[&str]) -> Output {
    let certificates = output.with_extension("crt");
    fs::write(&certificates, "any").unwrap();
    Command::new("python3")
        .arg("deploy/image/image.py")
        .args(["--program", "/bin/true", "--name", name, "--output"])
        .arg(output)
        .arg("--certificates")
        .arg(certificates)
        .args(more)
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap()
}

fn digest(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Files of a tar archive with their content.
fn files(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut at, mut found) = (0, Vec::new());
    while archive.get(at).is_some_and(|it| *it != 0) {
        let header = &archive[at..at + 512];
        let text =
            |from: usize, to: usize| String::from_utf8(header[from..to].split(|it| *it == 0).next().unwrap().to_vec()).unwrap();
        let size = usize::from_str_radix(text(124, 136).trim(), 8).unwrap();
        let content = archive[at + 512..at + 512 + size].to_vec();
        if header[156] == b'0' {
            found.push((text(0, 100), content));
        }
        at += 512 + size.next_multiple_of(512);
    }
    found
}

fn read(files: &[(String, Vec<u8>)], name: &str) -> Value {
    let (_, content) = files.iter().find(|(path, _)| path == name).unwrap_or_else(|| panic!("there is no {name}"));
    serde_json::from_slice(content).unwrap()
}

#[test]
fn the_same_input_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second, other] = ["first", "second", "other"].map(|it| folder.path().join(it));
    assert_eq!(digest(&image(&first, "ecs-operator:1", &[])), digest(&image(&second, "ecs-operator:1", &[])));
    assert!(fs::read(&first).unwrap() == fs::read(&second).unwrap());
    assert_ne!(digest(&image(&other, "ecs-operator:1", &["--label", "a=b"])), digest(&image(&first, "ecs-operator:1", &[])));
}

#[test]
fn the_image_runs_the_program_as_a_user_without_rights_and_has_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    let sbom = folder.path().join("sbom.json");
    fs::write(&sbom, "{}").unwrap();
    digest(&image(&archive, "r.example:5000/ecs-operator:1", &["--sbom", sbom.to_str().unwrap()]));
    let outer = files(&fs::read(&archive).unwrap());
    let older = &read(&outer, "manifest.json")[0];
    assert_eq!(older["RepoTags"][0], "r.example:5000/ecs-operator:1");
    let entry = &read(&outer, "index.json")["manifests"][0];
    assert_eq!(entry["annotations"]["io.containerd.image.name"], "r.example:5000/ecs-operator:1");
    let config = read(&outer, older["Config"].as_str().unwrap());
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/usr/local/bin/ecs-operator");

    let layers = older["Layers"].as_array().unwrap().iter().map(|it| it.as_str().unwrap());
    let contents: BTreeSet<String> = layers
        .flat_map(|layer| files(&outer.iter().find(|(path, _)| path == layer).unwrap().1))
        .map(|(path, _)| path)
        .filter(|path| !path.contains(".so"))
        .collect();
    let expected = [
        "etc/group",
        "etc/passwd",
        "etc/ssl/certs/ca-certificates.crt",
        "usr/local/bin/ecs-operator",
        "usr/share/sbom/ecs-operator.cdx.json",
    ];
    assert_eq!(contents, expected.map(str::to_owned).into());
}

#[test]
fn what_cannot_be_built_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("image.tar");
    for (name, more, sentence) in [
        ("ecs-operator", &[][..], "image: ecs-operator is not REPOSITORY:TAG\n"),
        ("ecs-operator:1", &["--label", "a"][..], "image: the label a is not KEY=VALUE\n"),
    ] {
        let output = image(&archive, name, more);
        assert!(!output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), sentence);
    }
}

#[test]
fn the_list_of_parts_names_what_is_linked_and_not_what_only_tests_use() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--format-version", "1", "--filter-platform"])
        .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let made = [0, 1].map(|_| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("metadata.json");
        fs::write(&file, &metadata.stdout).unwrap();
        let output = Command::new("python3")
            .args(["deploy/image/sbom.py", "ecs-operator", "Cargo.lock"])
            .stdin(fs::File::open(file).unwrap())
            .output()
            .unwrap();
        digest(&output)
    });
    assert!(made[0] == made[1], "the same input makes the same bytes");
    let bom: Value = serde_json::from_str(&made[0]).unwrap();
    assert_eq!(bom["metadata"]["component"]["name"], "ecs-operator");
    let parts: BTreeSet<&str> = bom["components"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    for linked in ["kube", "aws-sdk-ecs", "rustls", "tokio"] {
        assert!(parts.contains(linked), "{linked}");
    }
    for unlinked in ["insta", "proptest", "simulator", "envtest"] {
        assert!(!parts.contains(unlinked), "{unlinked}");
    }
    for part in bom["components"].as_array().unwrap() {
        assert!(part["hashes"][0]["content"].is_string(), "{} has no checksum", part["purl"]);
        assert!(part["licenses"][0]["expression"].is_string(), "{} has no licence", part["purl"]);
    }
}
