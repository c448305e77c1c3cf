//! The unit of the person's systemd (systemd.service(5), systemd.syntax(7)).

use super::Program;

/// Below the folder of the person's settings.
pub const FILE: &str = "systemd/user/evergrant-keeper.service";

/// The link that `systemctl --user enable` makes.
pub const LINK: &str = "systemd/user/default.target.wants/evergrant-keeper.service";

/// The line that makes a unit ours.
pub const MARK: &str = "# X-Evergrant=keeper";

/// The unit's text. Its hardening stops short of what takes the keychain, the message bus or the
/// person's browser away.
pub fn unit(program: &Program) -> String {
    format!(
        "{MARK}\n\
         # Written by `evergrant keep --install`; `evergrant keep --uninstall` removes it.\n\
         [Unit]\n\
         Description=Evergrant keeps accounts connected and posts on time\n\
         # The message bus and the keychain, where they are units.\n\
         After=dbus.socket gnome-keyring-daemon.service\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={}\n\
         Restart=on-failure\n\
         RestartSec=5\n\
         # Another keeper looks after the folder already, or the words are wrong: no use to try again.\n\
         RestartPreventExitStatus=2 7\n\
         NoNewPrivileges=yes\n\
         LockPersonality=yes\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        command(program)
    )
}

/// Every word in quotes: within them only backslash, quote, specifiers and variables mean something.
/// (The program's path may hold neither of the last two; see [`Program::line`].)
fn command(program: &Program) -> String {
    let quoted = |word: &str| {
        let word = word
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('%', "%%")
            .replace('$', "$$");
        format!("\"{word}\"")
    };
    program.line().map(quoted).collect::<Vec<_>>().join(" ")
}
