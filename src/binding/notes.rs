//! Notes as records that `lib/owner/settle.js` reads.

use std::collections::VecDeque;

use super::layout::{record, single};
use super::parts;
use crate::catalogue::{Failure, Output};
use crate::executors::Outcome;
use crate::payload::{Array, Full, Records, cut};
use crate::scheduler::{End, Note};

/// Bytes beyond this come back as memory of their own instead of through the records.
const LARGE: usize = 4096;

/// The longest text that a native task's record may have, in bytes: it goes alone if need be, and has to fit into a
/// string of the engine's, which has 2²⁹ - 24 characters at most.
const LONGEST_TEXT: usize = 1 << 28;

/// Puts an error in the place of an output that nobody could carry across: memory of more than `largest` bytes, or a
/// text that is too long. What is said of a failure or a panic is cut off there.
pub(super) fn refuse_too_large(note: &mut Note<Outcome>, largest: usize) {
    let Note::Settled { end: End::Outcome(outcome), .. } = note else { return };
    let sentence = match outcome {
        Outcome::Output(Output::Text(text)) => too_long(text),
        Outcome::Output(Output::Bytes(bytes)) => too_large(bytes.len(), largest),
        Outcome::Value { template, memories } => {
            let largest_memory = memories.iter().map(Array::byte_length).max();
            too_long(template).or_else(|| too_large(largest_memory?, largest))
        }
        Outcome::Failure(Failure::Error { message, .. }) | Outcome::Panic(message) => {
            cut(message, LONGEST_TEXT);
            None
        }
        _ => None,
    };
    if let Some(sentence) = sentence {
        *outcome = Outcome::Failure(Failure::new("ERR_BUFFER_TOO_LARGE", sentence));
    }
}

fn too_long(text: &str) -> Option<String> {
    (text.len() > LONGEST_TEXT).then(|| {
        format!(
            "The output is a text of {} bytes, which is more than the {LONGEST_TEXT} that can be handed over; ask for \
             a Buffer, or for less.",
            text.len()
        )
    })
}

fn too_large(length: usize, largest: usize) -> Option<String> {
    (length > largest).then(|| {
        format!(
            "The output has {length} bytes, which is more than the {largest} of this runtime's largest ArrayBuffer; \
             ask for less, or for several outputs."
        )
    })
}

/// Characters that the note's record adds to the text, at most. O(1).
pub(super) fn characters(note: &Note<Outcome>) -> usize {
    let outcome = match note {
        Note::Settled { end: End::Outcome(outcome), .. } => outcome,
        Note::Broken { words } => return words.len(),
        _ => return 0,
    };
    match outcome {
        Outcome::Message { message, .. } => message.text_length(),
        Outcome::Output(Output::Text(text)) | Outcome::Value { template: text, .. } => text.len(),
        Outcome::Failure(Failure::Error { code, message }) => code.len() + message.len(),
        Outcome::Panic(words) => words.len(),
        Outcome::Cargo { .. } | Outcome::Output(_) | Outcome::Failure(Failure::Cancelled) => 0,
    }
}

/// Writes a note as a record; the memories of large outputs are not in it, see [`announced`].
pub(super) fn write(records: &mut Records<'_, '_>, note: &Note<Outcome>) -> Result<(), Full> {
    let (slot, end, undecided) = match note {
        Note::Settled { slot, end, undecided } => (*slot, end, *undecided),
        Note::Deliver { slot, executor } => return records.plain(record::DELIVER, *slot, *executor),
        Note::Hire { kind, executor } => return records.plain(record::HIRE, *kind as u32, *executor),
        Note::Kill { executor, is_missing } => {
            return records.plain(record::KILL, u32::from(*is_missing), *executor);
        }
        Note::Dropped { outcome: Outcome::Cargo { worker, .. } } => {
            return records.plain(record::CARGO_DROPPED, 0, *worker);
        }
        Note::Dropped { .. } => return Ok(()),
        Note::Broken { words } => return records.text(record::BROKEN, 0, words, ""),
        Note::Drained => return records.plain(record::DRAINED, 0, 0),
        Note::Ended => return records.plain(record::ENDED, 0, 0),
    };
    match end {
        End::Outcome(outcome) => write_outcome(records, slot, outcome)?,
        End::TimedOut => records.plain(record::TIMED_OUT, slot, 0)?,
        End::QueueTimedOut => records.plain(record::QUEUE_TIMED_OUT, slot, 0)?,
        End::Cancelled => records.plain(record::CANCELLED, slot, 0)?,
        End::ExecutorGone(worker) => records.plain(record::WORKER_GONE, slot, *worker)?,
    }
    if undecided {
        records.flag(single::UNDECIDED as i32);
    }
    Ok(())
}

fn write_outcome(records: &mut Records<'_, '_>, slot: u32, outcome: &Outcome) -> Result<(), Full> {
    match outcome {
        Outcome::Message { fulfilled, message } => {
            let kind = if *fulfilled { record::FULFILLED } else { record::REJECTED };
            records.message(kind, slot, message.parts() as u32, message)
        }
        Outcome::Cargo { fulfilled: true, worker } => records.plain(record::CARGO_FULFILLED, slot, *worker),
        Outcome::Cargo { fulfilled: false, worker } => records.plain(record::CARGO_REJECTED, slot, *worker),
        Outcome::Output(Output::Nothing) => records.plain(record::NOTHING, slot, 0),
        Outcome::Output(Output::Text(text)) => records.text(record::TEXT, slot, text, ""),
        Outcome::Output(Output::Bytes(bytes)) if bytes.len() <= LARGE => {
            records.bytes(record::BYTES, slot, bytes)
        }
        Outcome::Output(Output::Bytes(_)) => records.plain(record::LARGE_BYTES, slot, 0),
        Outcome::Output(Output::Value(_)) => unreachable!("a native thread makes a template of it"),
        Outcome::Value { template, memories } => {
            records.numbered_text(record::VALUE, slot, memories.len() as u32, template)
        }
        Outcome::Output(Output::Attachment(index)) => records.plain(record::ATTACHMENT, slot, *index as u32),
        Outcome::Failure(Failure::Error { code, message }) => {
            records.text(record::FAILURE, slot, code, message)
        }
        Outcome::Failure(Failure::Cancelled) => records.plain(record::CANCELLED, slot, 0),
        Outcome::Panic(words) => records.text(record::PANIC, slot, words, ""),
    }
}

/// Has at hand what the note's record announces: appends memories to `large`, in its order.
pub(super) fn announced(note: Note<Outcome>, large: &mut VecDeque<Array>) {
    match note {
        Note::Settled { end: End::Outcome(Outcome::Output(Output::Bytes(bytes))), .. }
            if bytes.len() > LARGE =>
        {
            large.push_back(Array::Buffer(bytes));
        }
        Note::Settled { end: End::Outcome(Outcome::Value { memories, .. }), .. } => large.extend(memories),
        Note::Settled { end: End::Outcome(Outcome::Message { message, .. }), .. } => parts::arrive(&message),
        _ => {}
    }
}
