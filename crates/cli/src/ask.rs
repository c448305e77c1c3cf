//! Questions to the person at the terminal. In a pipe nobody is asked.

use std::io::{self, BufRead, IsTerminal, Write};

use evergrant_core::Secret;
use evergrant_engine::ports::{PasteMistake, PasteSource, Pending};

use crate::look::remark;

/// True if a person sits in front: questions are shown and answers are typed.
pub fn somebody_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// A line of the person's; `None` if nobody is there or nothing was typed.
pub fn line(question: &str) -> Option<String> {
    if !somebody_there() {
        return None;
    }
    let _ = write!(io::stderr().lock(), "{question}");
    let _ = io::stderr().flush();
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A line that is not shown while it is typed.
pub fn hidden(question: &str) -> Option<Secret> {
    if !somebody_there() {
        return None;
    }
    rpassword::prompt_password(question)
        .ok()
        .map(Secret::new)
        .filter(|secret| !secret.is_empty())
}

/// "y" or anything else, which is no.
pub fn yes(question: &str) -> bool {
    line(question).is_some_and(|text| matches!(text.to_lowercase().as_str(), "y" | "yes"))
}

/// Asks for the address of the last page, on a terminal or through a pipe, and says first what was
/// wrong with the last one.
pub fn address(mistake: Option<&str>) -> Option<Secret> {
    if let Some(mistake) = mistake {
        remark(mistake);
    }
    remark("Paste the address of the last page here (an empty line gives up):");
    let mut text = String::new();
    let read = io::stdin().lock().read_line(&mut text);
    let text = Secret::new(text);
    read.ok()?;
    Some(text).filter(|text| !text.reveal().trim().is_empty())
}

/// Asks for the address of the page the sign-in ended on.
#[derive(Debug)]
pub struct AddressFromInput;

impl PasteSource for AddressFromInput {
    fn ask(&self, mistake: Option<PasteMistake>) -> Pending<'_, Option<Secret>> {
        Box::pin(async move {
            // A thread of its own: whoever waits for the person must not hold up the rest.
            let (send, answer) = tokio::sync::oneshot::channel();
            let mistake = mistake.map(|mistake| mistake.to_string());
            std::thread::spawn(move || send.send(address(mistake.as_deref())));
            answer.await.ok().flatten()
        })
    }
}
