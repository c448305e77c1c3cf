//! Pictures of posts: copied into the data folder when a post is queued, so that moving or
//! deleting the original loses nothing.

use std::path::{Path, PathBuf};

use evergrant_core::command::{Code, PictureInput, Problem};
use evergrant_core::http::Media;
use evergrant_core::post::Picture;
use sha2::{Digest, Sha256};

/// The folder with the copies.
#[derive(Clone, Debug)]
pub struct Pictures {
    folder: PathBuf,
}

impl Pictures {
    /// The copies under the data folder.
    pub fn under(data: &Path) -> Self {
        Self {
            folder: data.join("pictures"),
        }
    }

    /// Looks at the bytes; writes nothing.
    pub fn inspect(input: &PictureInput) -> Result<Picture, Problem> {
        let (mime, ending) = recognise(&input.bytes).ok_or_else(|| {
            Problem::new(
                Code::BadPost,
                format!(
                    "{} is not a picture: it begins neither like a PNG, a JPEG nor a GIF",
                    input.name
                ),
            )
            .hint("Choose a PNG, JPEG or GIF file.")
        })?;
        Ok(Picture {
            stored: format!("{}.{ending}", hex(&Sha256::digest(&input.bytes))),
            name: input.name.clone(),
            mime: mime.to_owned(),
            bytes: input.bytes.len() as u64,
        })
    }

    /// Keeps a copy of what was inspected.
    pub fn keep(&self, picture: &Picture, bytes: &[u8]) -> Result<(), Problem> {
        self.write(&picture.stored, bytes)
            .map_err(|error| self.problem(&picture.stored, &error))
    }

    /// Reads a copy for sending.
    pub fn read(&self, picture: &Picture) -> Result<Media, Problem> {
        let bytes = std::fs::read(self.folder.join(&picture.stored))
            .map_err(|error| self.problem(&picture.stored, &error))?;
        Ok(Media {
            file_name: picture.name.clone(),
            mime: picture.mime.clone(),
            bytes: bytes.into(),
        })
    }

    /// Deletes a copy that no post needs any more; one that is gone already is no fault.
    pub fn drop_copy(&self, stored: &str) {
        let _ = std::fs::remove_file(self.folder.join(stored));
    }

    fn write(&self, stored: &str, bytes: &[u8]) -> std::io::Result<()> {
        use std::io::Write;
        std::fs::create_dir_all(&self.folder)?;
        let path = self.folder.join(stored);
        if path.exists() {
            return Ok(());
        }
        let half = self.folder.join(format!("{stored}.part"));
        let mut file = std::fs::File::create(&half)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&half, &path)
    }

    fn problem(&self, stored: &str, error: &std::io::Error) -> Problem {
        let path = self.folder.join(stored);
        if error.kind() == std::io::ErrorKind::StorageFull {
            return Problem::new(
                Code::DiskFull,
                "the disk is full, so the picture could not be kept",
            )
            .hint("Make room and try again; nothing was queued.");
        }
        Problem::new(
            Code::File,
            format!("the picture {} cannot be used: {error}", path.display()),
        )
    }
}

/// Media type and file ending, by the first bytes; a file's name proves nothing.
fn recognise(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
    const JPEG: &[u8] = b"\xff\xd8\xff";
    if bytes.starts_with(PNG) {
        Some(("image/png", "png"))
    } else if bytes.starts_with(JPEG) {
        Some(("image/jpeg", "jpg"))
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some(("image/gif", "gif"))
    } else {
        None
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_kept_by_its_content_and_read_back() {
        let data = tempfile::tempdir().unwrap();
        let pictures = Pictures::under(data.path());
        let bytes = b"\x89PNG\r\n\x1a\nrest".to_vec();
        let input = PictureInput {
            name: "cake.png".into(),
            bytes: bytes.clone(),
        };
        let kept = Pictures::inspect(&input).unwrap();
        pictures.keep(&kept, &input.bytes).unwrap();
        pictures.keep(&kept, &input.bytes).unwrap();
        let media = pictures.read(&kept).unwrap();
        assert_eq!(
            (&*media.bytes, media.mime.as_str()),
            (&bytes[..], "image/png")
        );
        pictures.drop_copy(&kept.stored);
        assert_eq!(pictures.read(&kept).unwrap_err().code, Code::File);
    }

    #[test]
    fn what_only_has_a_pictures_name_is_refused() {
        let input = PictureInput {
            name: "cake.png".into(),
            bytes: b"<html>".to_vec(),
        };
        let problem = Pictures::inspect(&input).unwrap_err();
        assert_eq!(problem.code, Code::BadPost);
        assert!(problem.message.starts_with("cake.png is not a picture"));
    }
}
