//! Everything that is printed goes through here: JSON or words, tables, colours only where a person looks.
//!
//! Standard output carries answers, standard error complaints. Not here: which words (`words`, `cmd`).

use crate::words::{self, Exit};
use serde::Serialize;
use slipway_core::problem::{Code, Problem};
use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

/// Why standard output took no more of what a lasting command told.
static UNWRITTEN: OnceLock<std::io::Error> = OnceLock::new();

/// How this process speaks. Copied freely.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    pub json: bool,
    pub quiet: bool,
    /// Standard output is a terminal.
    pub terminal: bool,
    colours: bool,
    /// What is told is not all there is to do: the program goes on where it can't be written.
    lasting: bool,
}

impl Out {
    pub fn new(json: bool, quiet: bool) -> Out {
        let terminal = std::io::stdout().is_terminal();
        // https://no-color.org: any value that is not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Out { json, quiet, terminal, colours: terminal && !plain && !json, lasting: false }
    }

    /// For a command that works on where nobody hears it.
    pub fn lasting(self) -> Out {
        Out { lasting: true, ..self }
    }

    /// One answer: JSON as it is, or words made from it.
    pub fn answer(&self, value: &impl Serialize, words: impl FnOnce(&Out)) {
        if self.json { self.json_line(value) } else { words(self) }
    }

    /// One line of JSON.
    pub fn json_line(&self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(value) {
            // Within strings alone; what reads lines may take these for their ends.
            self.line(
                &text
                    .replace('\u{2028}', "\\u2028")
                    .replace('\u{2029}', "\\u2029")
                    .replace('\u{85}', "\\u0085"),
            );
        }
    }

    /// One line of words.
    pub fn line(&self, text: &str) {
        self.part(&format!("{text}\n"));
    }

    /// Text as it is, without an end of line.
    pub fn part(&self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A reader that went away (`| head`) ends the program as it ends any other. An answer that can't be written is none.
    pub fn bytes(&self, text: &[u8]) {
        if UNWRITTEN.get().is_some() {
            return;
        }
        let mut stdout = std::io::stdout().lock();
        let Err(error) = stdout.write_all(text).and_then(|()| stdout.flush()) else { return };
        if self.lasting {
            let _ = UNWRITTEN.set(error);
        } else if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(Exit::Done as i32);
        } else {
            let problem = unwritten(&error);
            self.complain("error", &problem);
            std::process::exit(words::exit_of(problem.code) as i32);
        }
    }

    /// A line that a script can do without.
    pub fn aside(&self, text: &str) {
        if !self.quiet && !self.json {
            self.line(text);
        }
    }

    pub fn strong(&self, text: &str) -> String {
        self.paint(text, "1")
    }

    pub fn good(&self, text: &str) -> String {
        self.paint(text, "32")
    }

    pub fn bad(&self, text: &str) -> String {
        self.paint(text, "31")
    }

    pub fn faint(&self, text: &str) -> String {
        self.paint(text, "2")
    }

    fn paint(&self, text: &str, code: &str) -> String {
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_string() }
    }

    /// Columns under a head, as wide as their widest cell. Widths are those a terminal shows, so that パン and emoji line up.
    pub fn table(&self, head: &[&str], rows: &[Vec<String>]) {
        self.table_like(head, rows, None);
    }

    /// The same in parts: those after the first have no head and the widths of the first, which it returns.
    pub fn table_like(&self, head: &[&str], rows: &[Vec<String>], widths: Option<Vec<usize>>) -> Vec<usize> {
        let width = |text: &str| console::measure_text_width(text);
        let first = widths.is_none();
        let widths = widths.unwrap_or_else(|| {
            let mut widths: Vec<usize> = head.iter().map(|cell| width(cell)).collect();
            for row in rows {
                for (at, cell) in row.iter().enumerate() {
                    widths[at] = widths[at].max(width(cell));
                }
            }
            widths
        });
        let join = |cells: &[String]| {
            let mut line = String::new();
            for (at, cell) in cells.iter().enumerate() {
                line += cell;
                if at + 1 < cells.len() {
                    line += &" ".repeat((widths[at] + 2).saturating_sub(width(cell)).max(1));
                }
            }
            line.trim_end().to_string()
        };
        let mut text = String::new();
        if first {
            let head: Vec<String> = head.iter().map(|cell| self.faint(cell)).collect();
            text = join(&head) + "\n";
        }
        for row in rows {
            text += &join(row);
            text.push('\n');
        }
        self.part(&text);
        widths
    }

    /// Label and value, labels aligned; nothing for an empty value.
    pub fn fields(&self, fields: &[(&str, String)]) {
        let widest = fields.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        for (label, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            let label = self.faint(&format!("{label:widest$}"));
            let mut lines = value.lines();
            self.line(&format!("{label}  {}", lines.next().unwrap_or_default()));
            for more in lines {
                self.line(&format!("{:widest$}  {more}", ""));
            }
        }
    }

    /// A failure, and how the program ends because of it.
    pub fn problem(&self, problem: &Problem) -> Exit {
        if self.json {
            self.json_line(&serde_json::json!({ "error": problem }));
        } else {
            self.complain("error", problem);
        }
        words::exit_of(problem.code)
    }

    /// Something worth knowing that stops nothing.
    pub fn warning(&self, problem: &Problem) {
        if !self.quiet && !self.json {
            self.complain("note", problem);
        }
    }

    fn complain(&self, what: &str, problem: &Problem) {
        for one in std::iter::once(problem).chain(&problem.also) {
            aloud(&format!("{what}: {}", calm(&one.message)));
            if let Some(fix) = words::fix_text(one) {
                aloud(&format!("  fix: {fix}"));
            }
            if let Some(detail) = &one.detail {
                aloud(&format!("  detail: {}", calm(detail)));
            }
        }
    }
}

/// One line on standard error. Where that can't be written there is nobody to tell.
pub fn aloud(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Has the reader of a lasting command gone away?
pub fn reader_is_gone() -> bool {
    UNWRITTEN.get().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// What a lasting command could not tell for another reason.
pub fn untold() -> Option<Problem> {
    UNWRITTEN.get().filter(|error| error.kind() != ErrorKind::BrokenPipe).map(unwritten)
}

fn unwritten(error: &std::io::Error) -> Problem {
    let code = if error.kind() == ErrorKind::StorageFull { Code::DiskFull } else { Code::ReadOnly };
    Problem::block(code, "The answer could not be written.").detail(error)
}

/// Without control characters, which a terminal would obey; line breaks and tabs stay.
pub fn calm(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { ' ' } else { c }).collect()
}

/// At most `width` columns, with an ellipsis.
pub fn clip(text: &str, width: usize) -> String {
    // A title may have a line break or worse; on a terminal it must stay one line.
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    console::truncate_str(&plain, width, "…").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipped_text_is_one_line_and_fits() {
        for (text, width, want) in [
            ("bread", 5, "bread"),
            ("a\nb\x1b[2J", 9, "a b [2J"),
            ("long titles", 5, "long…"),
            ("パンパン", 5, "パン…"),
        ] {
            assert_eq!(clip(text, width), want);
        }
    }
}
