//! Secrets that a person types or a script hands over on standard input, never on the command line, where other programs see them.

use slipway_core::problem::{Code, Outcome, Problem};
use std::io::{IsTerminal, Read};

/// Bytes. More is a wrong file.
const LONGEST: u64 = 10_000;

/// All of standard input, or a line typed unseen after a prompt where it is a terminal. `what` is such as "token".
pub fn secret(what: &str) -> Outcome<String> {
    let unread = || format!("The {what} could not be read from standard input.");
    let text = if std::io::stdin().is_terminal() {
        let terminal = console::Term::stderr();
        terminal
            .write_str(&format!("The {what} (not shown): "))
            .and_then(|()| terminal.read_secure_line())
            .map_err(|error| usage(unread()).detail(error))?
    } else {
        read(std::io::stdin()).map_err(|error| usage(unread()).detail(error))?
    };
    if text.len() as u64 > LONGEST {
        return Err(usage(format!("What came on standard input is too long for a {what}.")));
    }
    match text.trim() {
        "" => Err(usage(format!("There is no {what} on standard input. Nothing was changed."))),
        text => Ok(text.to_string()),
    }
}

fn read(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    from.take(LONGEST + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn usage(message: String) -> Problem {
    Problem::block(Code::BadRequest, message)
}
