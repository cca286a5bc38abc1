//! A tree of files that is the same every time.

use std::{fs, io, path::PathBuf};

/// Makes a tree of numbered Markdown files, `files` in `folders` folders on two levels, each of `sizes.0` to `sizes.1`
/// bytes. The same arguments give the same tree; one that is there already is left as it is.
pub fn tree(files: usize, folders: usize, sizes: (usize, usize)) -> io::Result<PathBuf> {
    let root = std::env::temp_dir().join(format!("kbsync-bench-{files}-{folders}-{}-{}", sizes.0, sizes.1));
    let done = root.with_extension("done");
    if done.exists() {
        return Ok(root);
    }
    let text = "kbsync keeps a knowledge base in step. ".repeat(sizes.1 / 39 + 1);
    let per_folder = files.div_ceil(folders);
    for folder in 0..folders {
        let path = root.join(format!("{:03}/{:03}", folder / 100, folder % 100));
        fs::create_dir_all(&path)?;
        for file in folder * per_folder..((folder + 1) * per_folder).min(files) {
            let size = sizes.0 + file.wrapping_mul(2_654_435_761) % (sizes.1 - sizes.0 + 1);
            fs::write(path.join(format!("{file:07}.md")), &text.as_bytes()[..size])?;
        }
    }
    fs::write(done, "")?;
    Ok(root)
}
