//! The state file: one JSON document, replaced in one step at each change, with photos in a folder beside it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::world::World;

const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Out<'a> {
    format: u32,
    world: &'a World,
}

#[derive(Deserialize)]
struct In {
    format: u32,
    world: World,
}

/// Why a state file could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{0}")]
    Content(String),
}

/// Where a world is kept.
#[derive(Debug)]
pub(crate) struct Store {
    file: PathBuf,
    /// Hashes of the photos that are on disk already.
    written: BTreeSet<String>,
}

impl Store {
    pub fn new(file: &Path) -> Self {
        Self {
            file: file.to_owned(),
            written: BTreeSet::new(),
        }
    }

    /// The world kept in the file, `None` when there is no file yet.
    pub fn load(&mut self) -> Result<Option<World>, StateError> {
        let text = match fs::read(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let content = |error: serde_json::Error| StateError::Content(error.to_string());
        let kept: In = serde_json::from_slice(&text).map_err(content)?;
        if kept.format != FORMAT {
            return Err(StateError::Content(format!(
                "it has format {}, this program reads format {FORMAT}",
                kept.format
            )));
        }
        let mut world = kept.world;
        for photo in world.photos.values_mut() {
            let Some(hash) = &photo.hash else { continue };
            photo.bytes = Arc::new(fs::read(self.photo_file(hash))?);
            self.written.insert(hash.clone());
        }
        Ok(Some(world))
    }

    /// Writes the world. A crash of this program leaves the old file or the new one, never a mixture;
    /// it is a toy server, so a power cut may cost the last changes.
    pub fn save(&mut self, world: &World) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        for photo in world.photos.values() {
            let Some(hash) = photo
                .hash
                .as_ref()
                .filter(|hash| !self.written.contains(*hash))
            else {
                continue;
            };
            let file = self.photo_file(hash);
            if let Some(folder) = file.parent() {
                fs::create_dir_all(folder)?;
            }
            replace(&file, &photo.bytes)?;
            self.written.insert(hash.clone());
        }
        let text = serde_json::to_vec(&Out {
            format: FORMAT,
            world,
        })
        .map_err(io::Error::other)?;
        replace(&self.file, &text)
    }

    fn photo_file(&self, hash: &str) -> PathBuf {
        let mut folder = self.file.clone().into_os_string();
        folder.push(".photos");
        PathBuf::from(folder).join(hash)
    }
}

fn replace(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    private(&beside)?.write_all(content)?;
    fs::rename(&beside, file)
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(path)
}
