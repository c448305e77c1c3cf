//! The desktop's entry (Desktop Entry Specification 1.5, Desktop Application Autostart 0.5).

use super::Program;

/// Below the folder of the person's settings.
pub const FILE: &str = "autostart/dev.evergrant.keeper.desktop";

/// The line that makes an entry ours.
pub const MARK: &str = "X-Evergrant=keeper";

/// The entry's text.
pub fn entry(program: &Program) -> String {
    let command: Vec<String> = program.line().map(quoted).collect();
    format!(
        "[Desktop Entry]\n\
         Type=Application\n\
         Name=Evergrant\n\
         Comment=Keeps accounts connected and posts on time\n\
         Exec={}\n\
         Icon=dialog-password\n\
         Terminal=false\n\
         NoDisplay=true\n\
         StartupNotify=false\n\
         {MARK}\n",
        command.join(" ")
    )
}

/// A word of the key `Exec`: quoted, `%` doubled, and then as the string that every value is, where
/// each backslash counts as two.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let mut text = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '`' | '$' => text.extend(["\\\\", c.encode_utf8(&mut [0; 4])]),
            '\\' => text.push_str("\\\\\\\\"),
            '%' => text.push_str("%%"),
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}
