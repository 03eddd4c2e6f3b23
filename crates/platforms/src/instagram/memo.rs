//! Where Instagram stands with one job: a variant a step. Stored sealed by the engine before each act.
//!
//! Stored memos outlive an update of the app (C30): only ever add variants and defaulted fields, never rename. The tests hold
//! texts that were written once and must stay readable. Not here: what follows on each step.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Memo {
    // Publish.
    /// A container was asked for. It never appears by itself and ends after a day, so this may be repeated.
    Creating {
        work: Work,
        part: Part,
    },
    /// Bytes of the `nth` file from `from` to the end are on their way.
    Uploading {
        work: Work,
        nth: usize,
        from: u64,
    },
    /// The container of the `nth` file was asked how many bytes it has. `vague` counts answers that said nothing.
    Asking {
        work: Work,
        nth: usize,
        #[serde(default)]
        vague: u32,
    },
    /// A container was asked whether it is processed.
    Polling {
        work: Work,
        part: Part,
        #[serde(default)]
        looks: u32,
    },
    /// A container failed; it is looked at once more and told. Whoever comes back from here was sent by a person and begins anew.
    Failed {
        work: Work,
        part: Part,
    },
    /// Everything is there and waits for its minute.
    Staged {
        work: Work,
    },
    /// The post was asked for: the one call that must not happen twice.
    Publishing {
        work: Work,
    },
    /// The answer to that is not known; the container was asked. `finished` counts its "not published yet" in a row.
    Checking {
        work: Work,
        #[serde(default)]
        looks: u32,
        #[serde(default)]
        finished: u32,
    },
    /// The channel's newest posts were asked for.
    Searching {
        work: Work,
        why: Why,
        #[serde(default)]
        looks: u32,
    },
    /// The post exists and is being read back.
    Reading {
        media: Media,
    },
    // Retract. Nothing is asked: without a post there is nothing there.
    Gone,
    // Extras.
    CommentsOff {
        id: String,
    },
}

/// The containers of one post, and what they were made for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    pub sent: Sent,
    /// One for each file, in order; as many as were made so far.
    #[serde(default)]
    pub files: Vec<Container>,
    /// What holds them together, where there are several.
    #[serde(default)]
    pub whole: Option<Container>,
    /// Containers that failed and were made anew in place.
    #[serde(default)]
    pub renewed: u32,
    /// How many times the post was asked for, and when first.
    #[serde(default)]
    pub publishes: u32,
    #[serde(default)]
    pub asked_at: Option<Timestamp>,
    /// Was an answer to that never heard?
    #[serde(default)]
    pub doubt: bool,
}

/// What the containers were made with; what a later look compares with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub at: Timestamp,
    /// The way the channel was signed in by: containers of one are unknown to the other.
    #[serde(default)]
    pub way: String,
    /// How many files make the post.
    pub files: usize,
    /// Caption, and options that differ from their defaults: they are baked into the container.
    pub wishes: Map<String, Value>,
}

/// One container. Its address is kept like a secret and never printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Container {
    pub id: String,
    #[serde(default)]
    pub uri: String,
    pub made: Timestamp,
    /// Bytes of its file when it was made.
    #[serde(default)]
    pub size: u64,
    /// From where bytes were last put on their way, and how many times without its keeping more.
    #[serde(default)]
    pub from: u64,
    #[serde(default)]
    pub puts: u32,
    /// Are all its bytes there?
    #[serde(default)]
    pub there: bool,
    /// Was it seen `FINISHED`?
    #[serde(default)]
    pub ready: bool,
}

impl std::fmt::Debug for Container {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Container")
            .field("id", &self.id)
            .field("made", &self.made)
            .field("puts", &self.puts)
            .field("there", &self.there)
            .field("ready", &self.ready)
            .finish_non_exhaustive()
    }
}

/// Which container of a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Of the `nth` file. Where there is one file, this is what is published.
    File(usize),
    /// The one that holds several together.
    Whole,
}

/// Why the newest posts are looked through: what the container said of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// That it was published.
    Published,
    /// That it was not.
    Finished,
    /// Nothing: it is not known any more.
    Missing,
}

/// A post that Instagram has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    pub id: String,
    /// Looks in a row that did not find it, or found it without its address.
    #[serde(default)]
    pub misses: u32,
}

impl Media {
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), misses: 0 }
    }
}

impl Work {
    /// Is this a post of several videos?
    pub fn several(&self) -> bool {
        self.sent.files > 1
    }

    /// The part that is published in the end.
    pub fn published_part(&self) -> Part {
        if self.several() { Part::Whole } else { Part::File(0) }
    }

    pub fn container(&self, part: Part) -> Option<&Container> {
        match part {
            Part::File(nth) => self.files.get(nth),
            Part::Whole => self.whole.as_ref(),
        }
    }

    pub fn container_mut(&mut self, part: Part) -> Option<&mut Container> {
        match part {
            Part::File(nth) => self.files.get_mut(nth),
            Part::Whole => self.whole.as_mut(),
        }
    }

    /// When the first of its containers was made: with it the post ends.
    pub fn made(&self) -> Timestamp {
        let all = self.files.iter().chain(self.whole.as_ref()).map(|container| container.made);
        all.min().unwrap_or(self.sent.at)
    }
}
