//! A disk that can be full, or read-only: a file system in memory, of a few megabytes.

use std::fs::{File, remove_file};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::tools::skip;

/// A mounted file system; gone when dropped.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Of so many megabytes, if this machine lets us mount one; otherwise says what is skipped.
    pub fn of_megabytes(size: usize, what_it_is_for: &str) -> Option<Self> {
        let folder = TempDir::new().expect("make a folder to mount on");
        let disk = Self(folder);
        if disk.mount(&["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs"]) {
            return Some(disk);
        }
        skip(&format!("{what_it_is_for}: it takes root, and leave to mount"));
        None
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all room that is left.
    pub fn fill(&self) {
        let mut ballast = File::create(self.path().join("ballast")).expect("make a file");
        let mut portion = 64 * 1024;
        // A disk may have room for a little when it has none for more.
        while portion > 0 {
            match ballast.write(&vec![1; portion]) {
                Ok(written) if written > 0 => {}
                _ => portion /= 2,
            }
        }
    }

    /// Gives the room back.
    pub fn make_room(&self) {
        remove_file(self.path().join("ballast")).expect("remove the ballast");
    }

    /// From now on nothing can be written, if no file is open for it.
    pub fn becomes_read_only(&self) {
        assert!(self.mount(&["-o", "remount,ro"]), "it is no longer written to");
    }

    /// And now it can again.
    pub fn becomes_writable(&self) {
        assert!(self.mount(&["-o", "remount,rw"]), "it can be written to again");
    }

    fn mount(&self, options: &[&str]) -> bool {
        let mut mount = Command::new("mount");
        mount.args(options).arg(self.path()).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still has a file open there keeps nobody waiting. If it was never mounted, that is as well.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).stderr(Stdio::null()).status();
    }
}
