//! Everything that is printed goes through here: JSON or words, tables, colours only where a person looks.
//!
//! Standard output carries answers, standard error complaints. Not here: which words (`words`, `cmd`).

use crate::words::{self, Exit};
use serde::Serialize;
use slipway_core::problem::Problem;
use std::io::{IsTerminal, Write};

/// How this process speaks. Copied freely.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    pub json: bool,
    pub quiet: bool,
    /// Standard output is a terminal.
    pub terminal: bool,
    colours: bool,
}

impl Out {
    pub fn new(json: bool, quiet: bool) -> Out {
        let terminal = std::io::stdout().is_terminal();
        // https://no-color.org: any value that is not empty.
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Out { json, quiet, terminal, colours: terminal && !plain && !json }
    }

    /// One answer: JSON as it is, or words made from it.
    pub fn answer(&self, value: &impl Serialize, words: impl FnOnce(&Out)) {
        if self.json { self.json_line(value) } else { words(self) }
    }

    /// One line of JSON.
    pub fn json_line(&self, value: &impl Serialize) {
        if let Ok(text) = serde_json::to_string(value) {
            self.line(&text);
        }
    }

    /// One line of words. A reader that went away (`| head`) ends the program as it ends any other.
    pub fn line(&self, text: &str) {
        self.part(&format!("{text}\n"));
    }

    /// Text as it is, without an end of line.
    pub fn part(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
            std::process::exit(Exit::Done as i32);
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
            eprintln!("{what}: {}", calm(&one.message));
            if let Some(fix) = words::fix_text(one) {
                eprintln!("  fix: {fix}");
            }
            if let Some(detail) = &one.detail {
                eprintln!("  detail: {}", calm(detail));
            }
        }
    }
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
