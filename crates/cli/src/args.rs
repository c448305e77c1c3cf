//! The words the command line understands.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use evergrant_engine::places::{CONFIG, DATA};

use crate::{
    cmd_accounts, cmd_completions, cmd_connect, cmd_diary, cmd_keep, cmd_leave, cmd_post,
    cmd_practice, cmd_providers, cmd_queue, cmd_run, cmd_settings, cmd_sign_in, cmd_story,
    cmd_vault, cmd_watch, exit,
};

/// Names the file with the vault's passphrase.
pub const PASSPHRASE_FILE: &str = "EVERGRANT_PASSPHRASE_FILE";

/// How long another owner is waited for if nothing is said, in seconds.
pub const WAIT: u64 = 10;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

const ENVIRONMENT: &str = "\
Environment:
  EVERGRANT_DATA             the data folder, as --data
  EVERGRANT_CONFIG           the folder of your own settings, as --config
  EVERGRANT_PASSPHRASE_FILE  a file with the vault's passphrase
  EVERGRANT_CLOCK            a file with an offset such as +61d or -2h by which
                             this program's clock is moved, to try things out
  NO_COLOR                   no colours

Tokens and secrets are never taken from the command line or the environment.";

/// Keeps sign-ins to other services alive and posts on time.
#[derive(Debug, Parser)]
#[command(
    name = "evergrant",
    version,
    about = "Keeps your sign-ins to other services alive and posts on time",
    long_about = "Keeps your sign-ins to other services alive on your own computer, asks the \
                  service before every use, and posts on time.\n\nTry it without registering \
                  anything: `evergrant story`, or `evergrant practice` in one terminal and \
                  `evergrant connect practice` in another.",
    after_long_help = format!("{}\n\n{ENVIRONMENT}", exit::HELP),
    after_help = "`evergrant help COMMAND` says more; `evergrant --help` lists exit codes and environment.",
    styles = STYLES,
    disable_help_subcommand = false,
    propagate_version = true
)]
pub struct Words {
    /// What goes for every command.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Task,
}

/// What goes for every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "For every command")]
pub struct Global {
    /// Print one JSON document
    ///
    /// Success prints the answer, failure {"error": {"code", "message", "hints"}} on standard
    /// output and the sentence on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// Folder of the database and the vault
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = DATA,
        hide_env = true
    )]
    pub data: Option<PathBuf>,
    /// Folder of config.toml and of your own provider files (providers/*.toml)
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = CONFIG,
        hide_env = true
    )]
    pub config: Option<PathBuf>,
    /// Where secrets are kept [default: the system's keychain, or what config.toml says]
    #[arg(long, global = true, value_enum)]
    pub keychain: Option<KeychainKind>,
    /// File with the passphrase of the vault; asked for on a terminal if left out
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = PASSPHRASE_FILE,
        hide_env = true
    )]
    pub passphrase_file: Option<PathBuf>,
    /// How long to wait for another evergrant that owns the data folder
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = WAIT)]
    pub wait: u64,
    /// Say only what was asked for: no notes, no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// Where secrets are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeychainKind {
    /// The operating system's keychain
    System,
    /// An encrypted file with a passphrase, for machines without a keychain
    Vault,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Connect an account: signs you in with your browser
    Connect(cmd_connect::ConnectArgs),
    /// List the accounts and how they stand; asks nobody
    Accounts(cmd_accounts::AccountsArgs),
    /// Ask the service whether a sign-in is good now
    Check(cmd_accounts::CheckArgs),
    /// List the Pages an account can post to
    Targets(cmd_accounts::TargetsArgs),
    /// Post now or at a chosen time
    Post(cmd_post::PostArgs),
    /// Show the queue, or do something with a post in it
    Queue(cmd_queue::QueueArgs),
    /// Sign in again to an account whose sign-in has ended
    SignIn(cmd_sign_in::SignInArgs),
    /// End the sign-in at the service, then delete it here
    SignOut(cmd_leave::SignOutArgs),
    /// Remove every trace of an account from this computer
    Forget(cmd_leave::ForgetArgs),
    /// Choose how long a sign-in is remembered
    Remember(cmd_accounts::RememberArgs),
    /// Show what happened, newest first
    Diary(cmd_diary::DiaryArgs),
    /// Stay and look after everything, with tray and notifications; other commands talk to it
    Keep(cmd_keep::KeepArgs),
    /// Print what happens as it happens, one JSON document a line
    Watch(cmd_watch::WatchArgs),
    /// Look after accounts and posts in this terminal until told to stop
    Run(cmd_run::RunArgs),
    /// Start the practice network, to try everything without registering an app
    Practice(cmd_practice::PracticeArgs),
    /// Show or change when you are warned and how late a post may be
    Settings(cmd_settings::SettingsArgs),
    /// Look at what works here and what is missing
    Doctor,
    /// Make the encrypted vault, or change its passphrase
    Vault(cmd_vault::VaultArgs),
    /// List, explain or check provider files
    Providers(cmd_providers::ProvidersArgs),
    /// Play the whole life of a sign-in against the practice network, in seconds
    Story(cmd_story::StoryArgs),
    /// Print the completion script of a shell
    Completions(cmd_completions::CompletionsArgs),
    /// Write the man pages into a folder
    #[command(hide = true)]
    Man(cmd_completions::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_words_contradict_nothing() {
        super::Words::command().debug_assert();
    }
}
