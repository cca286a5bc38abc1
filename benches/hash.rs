//! Hashing one large file on one thread, against openssl: `cargo bench --bench hash [-- MIB]`.
//!
//! The aim: at most 1.1 times the time of `openssl dgst -sha256`, and under 64 MiB.

#[path = "support/pairs.rs"]
mod pairs;
mod support;

use std::{
    error::Error,
    fs::{self, File},
    io::{self, Write},
    process::{Command, Stdio},
};

use kbsync::{
    model::DocPath,
    scan::{Root, hash},
};

fn main() -> Result<(), Box<dyn Error>> {
    let [mebibytes] = support::sizes([1024], [4]);
    let mebibytes = mebibytes as u64;
    let folder = std::env::temp_dir().join("kbsync-bench-hash");
    fs::create_dir_all(&folder)?;
    let file = folder.join("text.md");
    if fs::metadata(&file).map_or(0, |meta| meta.len()) != mebibytes << 20 {
        let mut file = File::create(&file)?;
        let letter = |i: u32| b'a' + ((i.wrapping_mul(2_654_435_761) >> 24) % 26) as u8;
        let block: Vec<u8> = (0..1 << 20).map(letter).collect();
        (0..mebibytes).try_for_each(|_| file.write_all(&block))?;
    }
    let root = Root::open(&folder, false)?;
    let path = DocPath::new("text.md")?;
    let ours = || {
        hash(&root, &path).expect("the file was made by this program and holds still");
    };
    let openssl = || {
        let mut openssl = Command::new("openssl");
        openssl.args(["dgst", "-sha256"]).arg(&file).stdout(Stdio::null());
        assert!(openssl.status().is_ok_and(|status| status.success()), "openssl failed");
    };
    println!("{mebibytes} MiB");
    pairs::compare(7, ("hash", ours), ("openssl dgst -sha256", openssl));
    println!("peak memory: {} MiB", peak_memory()?);
    Ok(())
}

/// The most memory that this process has held, in MiB.
fn peak_memory() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().map_err(io::Error::other)?;
    Ok(kibibytes / 1024)
}
