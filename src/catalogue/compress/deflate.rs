//! gzip and zlib.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::{Coder, Failure, Step, corrupt, truncated};

/// 32 KiB, the largest there is and what everybody uses.
const WINDOW_BITS: u8 = 15;

/// What zlib's manual says of the memory of a compressor (128 KiB for the window, as much for the tables)...
const COMPRESSOR: usize = 256 * 1024;
/// ...and of a decompressor.
const DECOMPRESSOR: usize = 40 * 1024;

/// Writes one member.
pub(super) struct Compressor(Compress);

impl Compressor {
    pub(super) fn gzip(level: u32) -> Self {
        Self(Compress::new_gzip(Compression::new(level), WINDOW_BITS))
    }

    pub(super) fn zlib(level: u32) -> Self {
        Self(Compress::new(Compression::new(level), true))
    }
}

impl Coder for Compressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        let (read, written) = (self.0.total_in(), self.0.total_out());
        let flush = if last { FlushCompress::Finish } else { FlushCompress::None };
        let status = self.0.compress(input, output, flush).expect("a compressor that has not ended");
        let read = (self.0.total_in() - read) as usize;
        let written = (self.0.total_out() - written) as usize;
        let done = match last {
            true => status == Status::StreamEnd,
            false => read == input.len() && written < output.len(),
        };
        Ok(Step { read, written, done })
    }

    fn memory(&self) -> usize {
        COMPRESSOR
    }
}

/// Reads one member after another.
pub(super) struct Decompressor {
    format: Format,
    state: State,
    inflate: Decompress,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Gzip,
    Zlib,
}

enum State {
    /// Inside a member, or before the first.
    Member,
    /// Right after a member: the next byte decides.
    Between,
    /// Nothing that follows is of interest.
    Over,
}

impl Decompressor {
    pub(super) fn gzip() -> Self {
        Self { format: Format::Gzip, state: State::Member, inflate: Decompress::new_gzip(WINDOW_BITS) }
    }

    pub(super) fn zlib() -> Self {
        Self { format: Format::Zlib, state: State::Member, inflate: Decompress::new(true) }
    }

    fn name(&self) -> &'static str {
        match self.format {
            Format::Gzip => "gzip",
            Format::Zlib => "deflate",
        }
    }
}

impl Coder for Decompressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        match (&self.state, input.first()) {
            (State::Between, Some(&byte)) if byte != 0 => *self = Self::gzip(),
            (State::Between, Some(_)) => self.state = State::Over,
            _ => {}
        }
        if !matches!(self.state, State::Member) {
            return Ok(Step { read: input.len(), written: 0, done: true });
        }

        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, output, FlushDecompress::None).map_err(|error| {
            let needs_dictionary = error.needs_dictionary().map(|_| "it needs a preset dictionary");
            corrupt(self.name(), needs_dictionary.or(error.message()).unwrap_or("invalid data"))
        })?;
        let read = (self.inflate.total_in() - read) as usize;
        let written = (self.inflate.total_out() - written) as usize;
        let starved = read == input.len() && written < output.len();
        if status == Status::StreamEnd {
            self.state = if self.format == Format::Gzip { State::Between } else { State::Over };
        } else if starved && last {
            return Err(truncated(self.name()));
        }
        Ok(Step { read, written, done: starved })
    }

    fn memory(&self) -> usize {
        DECOMPRESSOR
    }
}
