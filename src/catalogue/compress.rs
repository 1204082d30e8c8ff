//! Compression and decompression.
//!
//! Every format is a [`Coder`]: a machine that goes forward by small steps over two buffers. One loop,
//! [`Sink::pump`], drives them all; between steps it asks whether to stop, and it is the only place
//! where output grows, so that a bomb is cut off at the limit and never held.

mod brotli;
mod deflate;
mod zstd;

use super::{Arguments, Context, Data, Failure, Output, Task};

/// Resolves to `data`, compressed.
///
/// Options: `data`; `algorithm`, by default `'gzip'`; `level`; `maxOutputLength` in bytes.
pub(super) struct Compress;

/// Resolves to what `data` was before it was compressed.
///
/// Options: `data`; `algorithm`, by default `'gzip'`; `maxOutputLength` in bytes.
///
/// What follows the end of a stream is treated as node:zlib and `zstd` do. gzip: another member, unless
/// its first byte is 0, which says that the rest is padding to be ignored. deflate, brotli: ignored.
/// zstd: another frame.
pub(super) struct Decompress;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Gzip,
    /// The zlib format, which node:zlib calls deflate.
    Deflate,
    Brotli,
    Zstd,
}

const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("gzip", Algorithm::Gzip),
    ("deflate", Algorithm::Deflate),
    ("brotli", Algorithm::Brotli),
    ("zstd", Algorithm::Zstd),
];

/// How much input a coder sees at once: what the slowest of them takes a few milliseconds for.
const SLICE: usize = 16 * 1024;

/// How much output a step may write.
const SCRATCH: usize = 64 * 1024;

/// The largest whole number that JavaScript counts exactly to.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Task for Compress {
    const NAME: &'static str = "compress";

    fn run(mut arguments: Arguments<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let data = arguments.data("data")?;
        let algorithm = arguments.choice("algorithm", ALGORITHMS)?.unwrap_or(Algorithm::Gzip);
        let (name, levels, default) = match algorithm {
            Algorithm::Gzip => ("gzip", 0..=9, 6),
            Algorithm::Deflate => ("deflate", 0..=9, 6),
            // Its own default is 11, which takes a hundred times as long for a tenth less.
            Algorithm::Brotli => ("brotli", 0..=11, 5),
            Algorithm::Zstd => ("zstd", 1..=22, 3),
        };
        let level = arguments.integer_for(name, "level", levels)?.unwrap_or(default) as u32;
        let sink = Sink::new(Self::NAME, &mut arguments, context)?;
        arguments.finish()?;
        match algorithm {
            Algorithm::Gzip => sink.fill(deflate::Compressor::gzip(level), &data),
            Algorithm::Deflate => sink.fill(deflate::Compressor::zlib(level), &data),
            Algorithm::Brotli => sink.fill(brotli::Compressor::new(level, context), &data),
            Algorithm::Zstd => sink.fill(zstd::Compressor::new(level, &data)?, &data),
        }
    }
}

impl Task for Decompress {
    const NAME: &'static str = "decompress";

    fn run(mut arguments: Arguments<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let data = arguments.data("data")?;
        let algorithm = arguments.choice("algorithm", ALGORITHMS)?.unwrap_or(Algorithm::Gzip);
        let sink = Sink::new(Self::NAME, &mut arguments, context)?;
        arguments.finish()?;
        match algorithm {
            Algorithm::Gzip => sink.fill(deflate::Decompressor::gzip(), &data),
            Algorithm::Deflate => sink.fill(deflate::Decompressor::zlib(), &data),
            Algorithm::Brotli => sink.fill(brotli::Decompressor::new(), &data),
            Algorithm::Zstd => sink.fill(zstd::Decompressor::new()?, &data),
        }
    }
}

/// A compressor or a decompressor.
trait Coder {
    /// Reads from the start of `input` and writes to the start of `output`, as much as it cares to.
    /// `input` begins where the last step stopped reading; if `last`, nothing comes after it.
    ///
    /// # Errors
    /// What the promise is to be rejected with; the coder is not used again.
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure>;
}

/// What a step did.
struct Step {
    /// Bytes of input.
    read: usize,
    /// Bytes of output.
    written: usize,
    /// The input is used up and all output that it gives for now is written; if the input was the
    /// last, the stream is complete. Otherwise the coder wants another step, with or without input.
    done: bool,
}

/// Where the output goes.
struct Sink<'a> {
    task: &'static str,
    context: &'a Context<'a>,
    /// The option `maxOutputLength`.
    limit: usize,
    output: Vec<u8>,
    scratch: Vec<u8>,
}

impl<'a> Sink<'a> {
    fn new(
        task: &'static str,
        arguments: &mut Arguments<'_>,
        context: &'a Context<'a>,
    ) -> Result<Self, Failure> {
        let limit = arguments.integer("maxOutputLength", 1..=MAX_SAFE_INTEGER)?;
        let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(Self { task, context, limit, output: Vec::new(), scratch: vec![0; SCRATCH] })
    }

    /// Sends all of `data` through `coder`.
    fn fill(mut self, mut coder: impl Coder, data: &Data<'_>) -> Result<Output, Failure> {
        data.for_each_chunk(self.context, |chunk| {
            chunk.chunks(SLICE).try_for_each(|slice| self.pump(&mut coder, slice, false))
        })?;
        self.pump(&mut coder, &[], true)?;
        Ok(Output::Bytes(self.output))
    }

    /// Lets `coder` do all that it can with `input`.
    fn pump(&mut self, coder: &mut impl Coder, mut input: &[u8], last: bool) -> Result<(), Failure> {
        loop {
            self.context.checkpoint()?;
            let step = coder.step(input, &mut self.scratch, last)?;
            self.append(step.written)?;
            if step.done {
                return Ok(());
            }
            input = &input[step.read..];
        }
    }

    /// Moves the first `length` bytes of the scratch buffer to the output.
    fn append(&mut self, length: usize) -> Result<(), Failure> {
        if length > self.limit - self.output.len() {
            return Err(Failure::new(
                "ERR_BUFFER_TOO_LARGE",
                format!(
                    "The output of '{}' is larger than maxOutputLength, {} bytes.",
                    self.task, self.limit
                ),
            ));
        }
        // Doubling first, then just what is needed: the last doubling may ask for too much.
        let reserved = self.output.try_reserve(length).or_else(|_| self.output.try_reserve_exact(length));
        reserved.map_err(|_| out_of_memory(&format!("the output of '{}'", self.task)))?;
        self.output.extend_from_slice(&self.scratch[..length]);
        Ok(())
    }
}

/// The input is not what `algorithm` makes: `what` is wrong with it.
fn corrupt(algorithm: &str, what: &str) -> Failure {
    Failure::new("ERR_CORRUPT_DATA", format!("The {algorithm} data is corrupt: {what}."))
}

/// The input stops in the middle.
fn truncated(algorithm: &str) -> Failure {
    Failure::new("ERR_CORRUPT_DATA", format!("The {algorithm} data is truncated: unexpected end of file."))
}

fn out_of_memory(purpose: &str) -> Failure {
    Failure::new("ERR_OUT_OF_MEMORY", format!("There is not enough memory for {purpose}."))
}

#[cfg(test)]
mod tests;
