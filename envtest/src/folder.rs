//! The folder of one control plane: etcd's data, keys, kubeconfig, logs.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// Where a control plane lives on disk.
pub(crate) enum Folder {
    /// Made for it, and gone with it.
    Temporary(TempDir),
    /// Named by the caller, and left there with kubeconfig and logs. The lock keeps a second control plane out.
    Named(PathBuf, #[expect(dead_code, reason = "held, not read")] File),
}

impl Folder {
    /// A new one in the build folder.
    pub(crate) fn temporary() -> anyhow::Result<Self> {
        let parent = build_folder().join("envtest");
        fs::create_dir_all(&parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let folder = tempfile::Builder::new()
            .prefix("control-plane-")
            .tempdir_in(&parent)
            .with_context(|| format!("cannot make a folder in {}", parent.display()))?;
        Ok(Self::Temporary(folder))
    }

    /// The folder that the caller named. What an earlier control plane stored in it is gone.
    pub(crate) fn named(path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        let path = path.canonicalize()?;
        let lock = File::create(path.join("lock")).with_context(|| format!("cannot write in {}", path.display()))?;
        ensure!(lock.try_lock().is_ok(), "another control plane runs in {}: stop it, or choose another folder", path.display());
        for log in ["etcd", "kube-apiserver", "kube-controller-manager", "audit"] {
            let _ = fs::remove_file(path.join(format!("{log}.log")));
        }
        Ok(Self::Named(path, lock))
    }

    /// Its path, absolute.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Named(path, _) => path,
        }
    }

    /// A new, empty folder for etcd's data.
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        let data = self.path().join("etcd");
        let _ = fs::remove_dir_all(&data);
        fs::create_dir(&data).with_context(|| format!("cannot make {}", data.display()))?;
        Ok(data)
    }

    /// What to remove when everything has ended.
    pub(crate) fn disposable(&self, data: &Path) -> PathBuf {
        match self {
            Self::Temporary(folder) => folder.path().to_owned(),
            Self::Named(..) => data.to_owned(),
        }
    }
}

/// Cargo's build folder if we run from there (it notes its compiler in it), else the system's temporary folder.
fn build_folder() -> PathBuf {
    env::current_exe()
        .ok()
        .and_then(|program| program.ancestors().find(|folder| folder.join(".rustc_info.json").is_file()).map(Path::to_owned))
        .unwrap_or_else(env::temp_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_keep_their_files_in_the_build_folder() {
        let folder = Folder::temporary().unwrap();
        assert!(folder.path().starts_with(build_folder()));
        assert_ne!(build_folder(), env::temp_dir());
    }

    #[test]
    fn named_folder_serves_one_control_plane_at_a_time() {
        let place = tempfile::tempdir().unwrap();
        let first = Folder::named(place.path()).unwrap();
        let Err(error) = Folder::named(place.path()) else {
            panic!("a second one got in");
        };
        assert!(error.to_string().starts_with("another control plane runs"));
        drop(first);
        assert!(Folder::named(place.path()).is_ok());
    }
}
