//! Posts that are being written: one file each in the data folder, also where no engine can work.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use evergrant_core::command::{Code, Problem};
use evergrant_core::window::Draft;

/// A draft with a picture that no service takes would only fill the disk, in bytes of its file.
const MOST_BYTES: usize = 48 << 20;

/// The drafts of a data folder.
pub struct Drafts {
    folder: PathBuf,
}

impl Drafts {
    /// Those under the data folder.
    pub fn under(data: &Path) -> Self {
        Self {
            folder: data.join("drafts"),
        }
    }

    /// All drafts, the latest first, and what is to be said of files that are none: they are kept
    /// aside under another name.
    pub fn all(&self) -> Result<(Vec<Draft>, Vec<String>), Problem> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Default::default()),
            Err(error) => return Err(failed("read", &self.folder, &error)),
        };
        let (mut drafts, mut remarks) = (Vec::new(), Vec::new());
        for entry in entries.filter_map(Result::ok) {
            let file = entry.path();
            let Some(id) = id_of(&file) else { continue };
            let bytes = fs::read(&file).map_err(|error| failed("read", &file, &error))?;
            match serde_json::from_slice::<Draft>(&bytes) {
                Ok(draft) if draft.id == id => drafts.push(draft),
                _ => remarks.push(aside(&file)),
            }
        }
        drafts.sort_by(|a, b| b.changed_at.cmp(&a.changed_at).then(a.id.cmp(&b.id)));
        Ok((drafts, remarks))
    }

    /// Writes a draft as a whole or not at all.
    pub fn keep(&self, draft: &Draft) -> Result<(), Problem> {
        let file = self.file(&draft.id)?;
        let text = serde_json::to_vec(draft).map_err(|error| {
            Problem::new(Code::File, format!("the draft can't be kept: {error}"))
        })?;
        if text.len() > MOST_BYTES {
            return Err(Problem::new(
                Code::BadPost,
                "the picture is too large to be kept with a draft",
            )
            .hint("Choose a smaller picture; no service takes this one."));
        }
        write(&file, &text).map_err(|error| failed("written", &file, &error))
    }

    /// Removes a draft; one that is gone already is no fault.
    pub fn drop_draft(&self, id: &str) -> Result<(), Problem> {
        let file = self.file(id)?;
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(failed("removed", &file, &error))
            }
            _ => Ok(()),
        }
    }

    fn file(&self, id: &str) -> Result<PathBuf, Problem> {
        if is_id(id) {
            Ok(self.folder.join(format!("{id}.json")))
        } else {
            Err(Problem::new(
                Code::Usage,
                "the draft's id is not a UUID, so it cannot name its file",
            ))
        }
    }
}

/// A UUID in its usual spelling: it names a file, so it must be nothing else.
fn is_id(id: &str) -> bool {
    id.len() == 36
        && id.char_indices().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == '-',
            _ => matches!(c, '0'..='9' | 'a'..='f'),
        })
}

fn id_of(file: &Path) -> Option<String> {
    let id = file.file_name()?.to_str()?.strip_suffix(".json")?;
    is_id(id).then(|| id.to_owned())
}

fn aside(file: &Path) -> String {
    let kept = file.with_extension("broken");
    match fs::rename(file, &kept) {
        Ok(()) => format!(
            "A draft could not be read; its file is kept as {}.",
            kept.display()
        ),
        Err(_) => format!("The draft {} could not be read.", file.display()),
    }
}

fn write(file: &Path, text: &[u8]) -> io::Result<()> {
    let new = file.with_extension("new");
    let written = create(&new).and_then(|mut to| {
        to.write_all(text)?;
        to.sync_all()?;
        fs::rename(&new, file)
    });
    if written.is_err() {
        // The fault to tell is the first one.
        let _ = fs::remove_file(&new);
    }
    written
}

/// A new file that only its owner can read, in a folder that only its owner can enter.
fn create(file: &Path) -> io::Result<fs::File> {
    let mut folder = fs::DirBuilder::new();
    folder.recursive(true);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        folder.mode(0o700);
        options.mode(0o600);
    }
    folder.create(file.parent().unwrap_or(file))?;
    options.open(file)
}

fn failed(done: &str, file: &Path, error: &io::Error) -> Problem {
    if error.kind() == ErrorKind::StorageFull {
        return Problem::new(
            Code::DiskFull,
            "the disk is full, so the draft could not be kept",
        )
        .hint("Make room; the page still has it.");
    }
    Problem::new(
        Code::File,
        format!("{} could not be {done}: {error}", file.display()),
    )
    .hint("Check that the data folder is yours and can be written.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use evergrant_core::command::PictureInput;

    const ID: &str = "0b54a6d8-7c7a-4a0e-9a52-0c3f4d1f2a10";

    fn draft(text: &str) -> Draft {
        Draft {
            id: ID.into(),
            account: Some("practice-10001".into()),
            target: None,
            text: text.into(),
            link: String::new(),
            picture: Some(PictureInput {
                name: "a.png".into(),
                bytes: vec![1, 2, 3],
            }),
            due: Some("2026-12-24 18:00".into()),
            zone: "Europe/Berlin".into(),
            edits: None,
            changed_at: "2026-12-01T10:00:00Z".parse().unwrap(),
        }
    }

    fn rig() -> (tempfile::TempDir, Drafts) {
        let folder = tempfile::tempdir().unwrap();
        let drafts = Drafts::under(folder.path());
        (folder, drafts)
    }

    #[test]
    fn a_draft_is_kept_as_it_is_replaced_and_dropped() {
        let (_folder, drafts) = rig();
        assert_eq!(drafts.all().unwrap().0, []);
        drafts.keep(&draft("first")).unwrap();
        drafts.keep(&draft("second")).unwrap();
        assert_eq!(drafts.all().unwrap(), (vec![draft("second")], Vec::new()));
        drafts.drop_draft(ID).unwrap();
        drafts.drop_draft(ID).unwrap();
        assert_eq!(drafts.all().unwrap().0, []);
    }

    #[test]
    fn a_file_that_is_no_draft_is_kept_aside_and_told_once() {
        let (folder, drafts) = rig();
        drafts.keep(&draft("good")).unwrap();
        let broken = folder
            .path()
            .join("drafts/11111111-7c7a-4a0e-9a52-0c3f4d1f2a10.json");
        fs::write(&broken, "{\"id\":").unwrap();
        let (all, remarks) = drafts.all().unwrap();
        assert_eq!(all, [draft("good")]);
        assert_eq!(remarks.len(), 1);
        assert!(remarks[0].contains("could not be read") && remarks[0].contains(".broken"));
        let aside = broken.with_extension("broken");
        assert_eq!(fs::read_to_string(aside).unwrap(), "{\"id\":");
        assert_eq!(drafts.all().unwrap(), (vec![draft("good")], Vec::new()));
    }

    #[test]
    fn what_was_half_written_changes_nothing() {
        let (folder, drafts) = rig();
        drafts.keep(&draft("whole")).unwrap();
        fs::write(folder.path().join(format!("drafts/{ID}.new")), "{\"id").unwrap();
        assert_eq!(drafts.all().unwrap(), (vec![draft("whole")], Vec::new()));
    }

    #[test]
    fn only_a_uuid_names_a_file() {
        let (_folder, drafts) = rig();
        for id in ["", "../../evergrant", &ID.to_uppercase(), &format!("{ID}/")] {
            assert_eq!(drafts.drop_draft(id).unwrap_err().code, Code::Usage, "{id}");
            let named = Draft {
                id: id.to_owned(),
                ..draft("x")
            };
            assert_eq!(drafts.keep(&named).unwrap_err().code, Code::Usage, "{id}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_draft_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (folder, drafts) = rig();
        drafts.keep(&draft("mine")).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let drafts = folder.path().join("drafts");
        assert_eq!(mode(&drafts), 0o700);
        assert_eq!(mode(&drafts.join(format!("{ID}.json"))), 0o600);
    }
}
