//! A Python environment in the build folder, with what `tests/emulators/requirements.txt` asks for.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Folder with what the tests here run from Python.
pub const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/emulators");

/// Where the environment and the emulators' logs are: `emulators` in the build folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("emulators")
}

/// Its Python, made the first time, which takes a minute or two.
pub fn python() -> &'static Path {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    PYTHON.get_or_init(|| make().unwrap_or_else(|why| panic!("{why}")))
}

fn make() -> Result<PathBuf, String> {
    let folder = folder();
    let venv = folder.join("venv");
    let python = venv.join("bin/python");
    let said = |what: &'static str| move |why: std::io::Error| format!("{what}: {why}");
    fs::create_dir_all(&folder).map_err(said("the build folder cannot be written"))?;
    // Another test program may be at it.
    let lock = File::create(folder.join("lock")).map_err(said("the build folder cannot be written"))?;
    lock.lock().map_err(said("the build folder cannot be locked"))?;
    let wanted = fs::read(Path::new(FOLDER).join("requirements.txt")).map_err(said("the requirements cannot be read"))?;
    // Written last, so that an environment that was left half made is made again.
    let stamp = venv.join("made-from.txt");
    if fs::read(&stamp).is_ok_and(|made| made == wanted) && python.is_file() {
        return Ok(python);
    }
    // Past the capture of the test harness: a test that is silent for two minutes looks stuck.
    let _ = writeln!(std::io::stderr(), "installing moto, ministack and boto3 into {} (once, a minute or two)", venv.display());
    let _ = fs::remove_dir_all(&venv);
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
    let requirements = Path::new(FOLDER).join("requirements.txt");
    run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(requirements))?;
    fs::write(&stamp, wanted).map_err(said("the build folder cannot be written"))?;
    Ok(python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| {
        format!("python3 cannot be run ({why}): install Python 3.10 or newer with its venv module, for it runs moto, ministack and boto3")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    Err(format!("{command:?} failed, so there is nothing to compare with: {said}"))
}
