//! `vault`: the encrypted file for machines without a keychain.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evergrant_core::Secret;
use evergrant_core::command::{Code, Problem};
use evergrant_engine::places::KeychainChoice;
use evergrant_keychain::{KeychainError, vault as vaults};

use crate::session::{Answer, Session};
use crate::{ask, secrets};

/// Words of `vault`.
#[derive(Debug, Args)]
pub struct VaultArgs {
    /// What to do.
    #[command(subcommand)]
    pub task: VaultTask,
}

/// What to do with the vault.
#[derive(Debug, Subcommand)]
pub enum VaultTask {
    /// Make a new, empty vault in the data folder
    Create,
    /// Replace its passphrase; what is in it stays
    ChangePassphrase {
        /// File with the new passphrase; asked for on a terminal if left out
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

/// Makes or changes the vault.
pub fn vault(session: &Session, args: &VaultArgs) -> Result<Answer, Problem> {
    let path = session.places.vault();
    let known = session.global.passphrase_file.as_deref();
    let text = match &args.task {
        VaultTask::Create => {
            // Told before anybody thinks of a passphrase.
            if vaults::exists(&path) {
                let why = format!("there is already a vault at {}", path.display());
                return Err(Problem::new(Code::KeychainRefused, why)
                    .hint("It was not touched; change its passphrase, or move it away first."));
            }
            let passphrase = new_passphrase(known)?;
            make_folder(&session.places.data)?;
            vaults::create(&path, &passphrase).map_err(|error| problem(&error))?;
            format!(
                "Made the vault {}.\n{}",
                path.display(),
                use_from_now_on(session)?
            )
        }
        VaultTask::ChangePassphrase {
            new_passphrase_file,
        } => {
            let old = secrets::passphrase(known, "Passphrase of the vault: ")?;
            let new = new_passphrase(new_passphrase_file.as_deref())?;
            vaults::change_passphrase(&path, &old, &new).map_err(|error| problem(&error))?;
            "The passphrase is changed; what is in the vault stayed as it was.".to_owned()
        }
    };
    Answer::new(&serde_json::json!({ "vault": path }), text)
}

/// Whoever makes a vault wants it used; settings that say something already are the person's own.
fn use_from_now_on(session: &Session) -> Result<String, Problem> {
    let settings = session.places.settings_file();
    if session.places.keychain()? == KeychainChoice::Vault {
        return Ok(format!("It is used, as {} says.", settings.display()));
    }
    if settings.exists() {
        return Ok(format!(
            "To use it: --keychain vault, or keychain = \"vault\" in {}.",
            settings.display()
        ));
    }
    make_folder(&session.places.config)?;
    std::fs::write(&settings, "keychain = \"vault\"\n").map_err(|error| {
        Problem::new(
            Code::File,
            format!("{} cannot be written: {error}", settings.display()),
        )
        .hint("The vault is made; use it with --keychain vault.")
    })?;
    Ok(format!(
        "It is used from now on: {} says so.",
        settings.display()
    ))
}

/// From its file, or typed twice by the person.
fn new_passphrase(file: Option<&Path>) -> Result<Secret, Problem> {
    let first = secrets::passphrase(file, "New passphrase: ")?;
    if file.is_none() && ask::hidden("The same once more: ").as_ref() != Some(&first) {
        return Err(Problem::new(
            Code::Usage,
            "the two passphrases differ; nothing was changed",
        ));
    }
    Ok(first)
}

fn make_folder(folder: &Path) -> Result<(), Problem> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Problem::new(
            Code::File,
            format!("{} cannot be made: {error}", folder.display()),
        )
    })?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // For its owner alone, as the engine makes it.
        let private = std::fs::Permissions::from_mode(0o700);
        let _ = std::fs::set_permissions(folder, private);
    }
    Ok(())
}

fn problem(error: &KeychainError) -> Problem {
    let code = match error {
        KeychainError::Absent { .. } => Code::KeychainAbsent,
        KeychainError::Damaged { .. } => Code::KeychainDamaged,
        _ => Code::KeychainRefused,
    };
    Problem::new(code, error.to_string()).hint(error.next_step())
}
