//! Compression and decompression.
//!
//! Every format is a [`Coder`]: a machine that goes forward by small steps over two buffers. One loop,
//! [`Sink::pump`], drives them all; between steps it asks whether to stop, and it is the only place
//! where output grows, so that a bomb is cut off at the limit and never held.

mod brotli;
mod deflate;
mod zstd;

use super::kinds::{Count, MAX_SAFE_INTEGER, Whole};
use super::options::{Ranges, options, words};
use super::{Context, DATA_ERRORS, Data, Errors, Failure, Memory, Output, Returns, Task};

words! {
    /// The formats. What node:zlib calls deflate is the zlib format.
    pub(super) enum Algorithm {
        Gzip = "gzip",
        Deflate = "deflate",
        Brotli = "brotli",
        Zstd = "zstd",
    }
}

const LEVELS: Ranges<Algorithm> = &[
    (Algorithm::Gzip, 0..=9),
    (Algorithm::Deflate, 0..=9),
    (Algorithm::Brotli, 0..=11),
    (Algorithm::Zstd, 1..=22),
];

options! {
    /// The options of [`Compress`].
    pub(super) struct CompressOptions<'given> {
        /// The bytes to compress.
        data: Data<'given>,
        /// The format; `deflate` is the zlib format, as in node:zlib.
        algorithm: Algorithm = Algorithm::Gzip,
        /// How much effort to take; without it, 6 for `gzip` and `deflate`, 5 for `brotli`, 3 for `zstd`.
        level: Option<Count> [by algorithm LEVELS],
        /// Most bytes of output; with more, the task is rejected. Never more than `buffer.constants.MAX_LENGTH`.
        max_output_length as "maxOutputLength": Option<Whole<1, MAX_SAFE_INTEGER>> [unit "bytes"],
    }
}

options! {
    /// The options of [`Decompress`].
    pub(super) struct DecompressOptions<'given> {
        /// The bytes to decompress.
        data: Data<'given>,
        /// The format; `deflate` is the zlib format, as in node:zlib.
        algorithm: Algorithm = Algorithm::Gzip,
        /// Most bytes of output; with more, the task is rejected before it holds them. Never more than `buffer.constants.MAX_LENGTH`.
        max_output_length as "maxOutputLength": Option<Whole<1, MAX_SAFE_INTEGER>> [unit "bytes"],
    }
}

/// Resolves to `data`, compressed.
///
/// What zstd takes is estimated and asked for before it takes it: for the level, and for the size of the data if that is
/// in memory. For a file the estimate is that for data of any size, from level 20 on with a window as large as the file.
pub(super) struct Compress;

/// Resolves to what `data` was before it was compressed.
///
/// What follows the end of a stream is treated as node:zlib and `zstd` do. gzip: another member, unless
/// its first byte is 0, which says that the rest is padding to be ignored. deflate, brotli: ignored.
/// zstd: another frame.
///
/// What zstd takes for a frame is estimated by the window and the size that its header names, and asked for before.
pub(super) struct Decompress;

const OUTPUT_ERRORS: Errors = &[("ERR_BUFFER_TOO_LARGE", "The output is larger than `maxOutputLength`.")];
const INPUT_ERRORS: Errors = &[("ERR_CORRUPT_DATA", "The data is no such stream, or only a part of one.")];

/// How much input a coder sees at once: what the slowest of them takes a few milliseconds for.
const SLICE: usize = 16 * 1024;

/// How much output a step may write.
const SCRATCH: usize = 64 * 1024;

impl Task for Compress {
    const NAME: &'static str = "compress";
    const FAMILY: &'static str = "compress";
    const ABOUT: &'static str = "Compresses bytes. With `zstd`, what it counts of `nativeMemory` before it begins is estimated by the level and, if it is known, the size of the data.";
    const RETURNS: Returns = Returns::always("Buffer");
    const ERRORS: &'static [Errors] = &[DATA_ERRORS, OUTPUT_ERRORS];
    type Options<'given> = CompressOptions<'given>;

    fn run(options: CompressOptions<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let CompressOptions { data, algorithm, level, max_output_length } = options;
        let sink = Sink::new(Self::NAME, max_output_length, context)?;
        let level = |default| level.map_or(default, |level| level.get() as u32);
        match algorithm {
            Algorithm::Gzip => sink.fill(deflate::Compressor::gzip(level(6)), &data),
            Algorithm::Deflate => sink.fill(deflate::Compressor::zlib(level(6)), &data),
            // Its own default is 11, which takes a hundred times as long for a tenth less.
            Algorithm::Brotli => sink.fill(brotli::Compressor::new(level(5), context)?, &data),
            Algorithm::Zstd => sink.fill(zstd::Compressor::new(level(3), &data, context)?, &data),
        }
    }
}

impl Task for Decompress {
    const NAME: &'static str = "decompress";
    const FAMILY: &'static str = "compress";
    const ABOUT: &'static str = "Decompresses bytes: all members of a gzip file, all frames of zstd. With `zstd`, what a frame counts of `nativeMemory` before it is read is estimated by the window that its header names.";
    const RETURNS: Returns = Returns::always("Buffer");
    const ERRORS: &'static [Errors] = &[DATA_ERRORS, INPUT_ERRORS, OUTPUT_ERRORS];
    type Options<'given> = DecompressOptions<'given>;

    fn run(options: DecompressOptions<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let DecompressOptions { data, algorithm, max_output_length } = options;
        let sink = Sink::new(Self::NAME, max_output_length, context)?;
        match algorithm {
            Algorithm::Gzip => sink.fill(deflate::Decompressor::gzip(), &data),
            Algorithm::Deflate => sink.fill(deflate::Decompressor::zlib(), &data),
            Algorithm::Brotli => sink.fill(brotli::Decompressor::new(context)?, &data),
            Algorithm::Zstd => sink.fill(zstd::Decompressor::new(context)?, &data),
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

    /// Bytes that it holds, as far as it knows and has not asked for them itself. O(1).
    fn memory(&self) -> usize;
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
    /// For the output and the scratch buffer.
    memory: Memory<'a>,
    /// For the coder.
    coder_memory: Memory<'a>,
}

impl<'a> Sink<'a> {
    fn new(
        task: &'static str,
        limit: Option<Whole<1, MAX_SAFE_INTEGER>>,
        context: &'a Context<'a>,
    ) -> Result<Self, Failure> {
        let limit = limit.map_or(usize::MAX, Whole::length).min(context.largest_output());
        let (memory, coder_memory) = (context.memory(SCRATCH)?, context.memory(0)?);
        Ok(Self { task, context, limit, output: Vec::new(), scratch: vec![0; SCRATCH], memory, coder_memory })
    }

    /// Sends all of `data` through `coder`.
    fn fill(mut self, mut coder: impl Coder, data: &Data<'_>) -> Result<Output, Failure> {
        self.coder_memory.grow(coder.memory())?;
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
            self.coder_memory.resize(coder.memory())?;
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
                    "The output of '{}' is larger than maxOutputLength, {} bytes{}.",
                    self.task,
                    self.limit,
                    if self.limit == self.context.largest_output() {
                        ", the most that a Buffer can have"
                    } else {
                        ""
                    }
                ),
            ));
        }
        let needed = self.output.len() + length;
        if needed > self.output.capacity() {
            // Doubling first, then just what is needed: the last doubling may ask for too much.
            let doubled = needed.max(self.output.capacity().saturating_mul(2));
            self.extend_to(doubled).or_else(|_| self.extend_to(needed))?;
        }
        self.output.extend_from_slice(&self.scratch[..length]);
        Ok(())
    }

    /// Makes room for an output of `capacity` bytes.
    fn extend_to(&mut self, capacity: usize) -> Result<(), Failure> {
        let more = capacity - self.output.capacity();
        self.memory.grow(more)?;
        self.output.try_reserve_exact(capacity - self.output.len()).map_err(|_| {
            self.memory.shrink(more);
            out_of_memory(&format!("the output of '{}'", self.task))
        })
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

#[cfg(all(test, not(feature = "model")))]
mod tests;
