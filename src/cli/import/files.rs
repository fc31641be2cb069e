//! The files that are named on the command line, with those of named folders.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Endings of the files that are taken from a folder.
const ENDINGS: &[&str] = &[".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet"];

/// All files a path stands for: itself, or those of a folder and of its folders, by name.
pub(super) fn of(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    if files.is_empty() {
        let endings = ENDINGS.join(" ");
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            format!("no file in it ends with {endings} or .gz"),
        ));
    }
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().to_lowercase());
        if name.starts_with('.') {
            continue;
        }
        // Folders behind links might lead round in a circle.
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if is_record_file(&name) && path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn is_record_file(name: &str) -> bool {
    let name = name.strip_suffix(".gz").unwrap_or(name);
    ENDINGS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_files_by_name_and_leave_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("traces/old")).unwrap();
        for name in ["b.JSON", "a.csv.gz", "README.md", ".hidden.json", "traces/old/1.parquet", "traces/x.gz"]
        {
            fs::write(at(name), "").unwrap();
        }
        let found = of(folder.path()).unwrap();
        assert_eq!(found, ["a.csv.gz", "b.JSON", "traces/old/1.parquet"].map(at));
        assert_eq!(of(&at("README.md")).unwrap(), [at("README.md")], "what is named is taken");
        fs::create_dir(at("empty")).unwrap();
        assert!(of(&at("empty")).unwrap_err().to_string().contains(".jsonl"));
        assert_eq!(of(&at("missing")).unwrap(), [at("missing")], "told when it is opened");
    }
}
