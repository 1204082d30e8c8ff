//! Zstandard.

use std::fs;

use zstd::zstd_safe::zstd_sys::ZSTD_EndDirective as Directive;
use zstd::zstd_safe::{CCtx, CParameter, DCtx, ErrorCode, InBuffer, OutBuffer, get_error_name};

use super::{Coder, Data, Failure, Step, corrupt, out_of_memory, truncated};

/// From this level on, a block of the usual 128 KiB takes longer than a stop may wait...
const SLOW_LEVEL: u32 = 13;

/// ...so that a block ends after this many bytes. The output grows by less than 1 %.
const SLOW_BLOCK: usize = 32 * 1024;

/// Writes one frame.
pub(super) struct Compressor {
    context: CCtx<'static>,
    /// Input after which a block ends, and how much of it has come.
    block: usize,
    filled: usize,
}

impl Compressor {
    /// The size of `data`, where it is known, goes into the frame and spares tables that are larger than
    /// the data needs. For much data, level 19 has 90 MB of them and level 22 has 700 MB; zstd fills them
    /// in the first step, which a stop has to wait for.
    pub(super) fn new(level: u32, data: &Data<'_>) -> Result<Self, Failure> {
        let mut context = CCtx::try_create().ok_or_else(|| out_of_memory("a zstd compressor"))?;
        let set = |result: Result<usize, ErrorCode>| result.map_err(|code| failure(code, "compressor"));
        set(context.set_parameter(CParameter::CompressionLevel(level as i32)))?;
        let size = match data {
            Data::Bytes(bytes) => Some(bytes.len()),
            Data::Text(text) => Some(text.len()),
            // A file may grow while it is read, which a size that was promised does not allow. A window
            // that is too small only compresses less. The three levels' own windows are the upper bound.
            Data::File(path) => {
                let size = fs::metadata(path).map_or(0, |file| file.len());
                if level >= 20 && size > 0 {
                    let bits = size.next_power_of_two().ilog2().clamp(10, level + 5);
                    set(context.set_parameter(CParameter::WindowLog(bits)))?;
                }
                None
            }
        };
        set(context.set_pledged_src_size(size.map(|size| size as u64)))?;
        let block = if level < SLOW_LEVEL { usize::MAX } else { SLOW_BLOCK };
        Ok(Self { context, block, filled: 0 })
    }
}

impl Coder for Compressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        let directive = match last {
            true => Directive::ZSTD_e_end,
            false if self.filled + input.len() < self.block => Directive::ZSTD_e_continue,
            false => Directive::ZSTD_e_flush,
        };
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let pending = self.context.compress_stream2(&mut to, &mut from, directive);
        let pending = pending.map_err(|code| failure(code, "compressor"))?;
        let (read, written) = (from.pos(), to.pos());
        self.filled += read;
        let done = match directive {
            Directive::ZSTD_e_continue => read == input.len() && written < output.len(),
            _ => pending == 0,
        };
        if done && directive == Directive::ZSTD_e_flush {
            self.filled = 0;
        }
        Ok(Step { read, written, done })
    }

    /// The tables come with the first step.
    fn memory(&self) -> usize {
        self.context.sizeof()
    }
}

/// Reads one frame after another.
pub(super) struct Decompressor {
    context: DCtx<'static>,
    /// Whether a frame has ended and none has begun since.
    complete: bool,
}

impl Decompressor {
    pub(super) fn new() -> Result<Self, Failure> {
        let context = DCtx::try_create().ok_or_else(|| out_of_memory("a zstd decompressor"))?;
        Ok(Self { context, complete: false })
    }
}

impl Coder for Decompressor {
    fn step(&mut self, input: &[u8], output: &mut [u8], last: bool) -> Result<Step, Failure> {
        // Asked without input after a frame, zstd would begin to wait for another.
        if self.complete && input.is_empty() {
            return Ok(Step { read: 0, written: 0, done: true });
        }
        let (mut from, mut to) = (InBuffer::around(input), OutBuffer::around(output));
        let wanted = self.context.decompress_stream(&mut to, &mut from);
        let wanted = wanted.map_err(|code| failure(code, "decompressor"))?;
        let (read, written) = (from.pos(), to.pos());
        self.complete = wanted == 0;
        let starved = read == input.len() && written < output.len();
        if starved && last && !self.complete {
            return Err(truncated("zstd"));
        }
        Ok(Step { read, written, done: starved })
    }

    /// The window comes with the first step of a frame.
    fn memory(&self) -> usize {
        self.context.sizeof()
    }
}

/// zstd's error `code`, met by a compressor or a decompressor.
fn failure(code: ErrorCode, who: &str) -> Failure {
    match get_error_name(code) {
        "Allocation error : not enough memory" => out_of_memory(&format!("a zstd {who}")),
        "Frame requires too much memory for decoding" => Failure::new(
            "ERR_OUT_OF_MEMORY",
            "The zstd data needs a window of more than 128 MiB to decompress, which is refused.",
        ),
        name => corrupt("zstd", &lower_first(name)),
    }
}

fn lower_first(sentence: &str) -> String {
    let mut characters = sentence.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
