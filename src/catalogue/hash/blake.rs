//! BLAKE2 and BLAKE3: hashes with a key and a length of their own.

use blake3::Hasher;
use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root_xof,
};

use super::super::{Context, Data, Failure};
use super::feed;

/// How much of a large input one thread hashes at a time: a few milliseconds' worth. A power of two, as BLAKE3 cuts its
/// input into a binary tree.
const PART: usize = 4 << 20;

/// Bytes between two looks at whether to stop: more than a chunk of [`Data`], for the processor's vectors.
const STRIDE: usize = 512 * 1024;

/// BLAKE2b of RFC 7693. `key` and `length` have at most 64 bytes; without a `length`, the digest has 64.
pub(super) fn blake2b(
    data: &Data<'_>,
    key: Option<&[u8]>,
    length: Option<usize>,
    context: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let mut parameters = blake2b_simd::Params::new();
    parameters.key(key.unwrap_or_default()).hash_length(length.unwrap_or(blake2b_simd::OUTBYTES));
    let mut state = parameters.to_state();
    feed(data, context, |chunk| _ = state.update(chunk))?;
    Ok(state.finalize().as_bytes().to_vec())
}

/// BLAKE2s of RFC 7693. `key` and `length` have at most 32 bytes; without a `length`, the digest has 32.
pub(super) fn blake2s(
    data: &Data<'_>,
    key: Option<&[u8]>,
    length: Option<usize>,
    context: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let mut parameters = blake2s_simd::Params::new();
    parameters.key(key.unwrap_or_default()).hash_length(length.unwrap_or(blake2s_simd::OUTBYTES));
    let mut state = parameters.to_state();
    feed(data, context, |chunk| _ = state.update(chunk))?;
    Ok(state.finalize().as_bytes().to_vec())
}

/// BLAKE3; without a `length`, the digest has 32 bytes. Large data in memory is hashed by several threads.
pub(super) fn blake3(
    data: &Data<'_>,
    key: Option<[u8; blake3::KEY_LEN]>,
    length: Option<usize>,
    context: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let mut digest = vec![0; length.unwrap_or(blake3::OUT_LEN)];
    let memory = match data {
        Data::Bytes(bytes) => bytes,
        Data::Text(text) => text.as_bytes(),
        Data::File(_) => &[],
    };
    let mut output = if memory.len() > PART {
        tree(memory, PART, key.as_ref(), context)?
    } else {
        let mut hasher = hasher(key.as_ref());
        feed(data, context, |chunk| _ = hasher.update(chunk))?;
        hasher.finalize_xof()
    };
    for piece in digest.chunks_mut(STRIDE) {
        context.checkpoint()?;
        output.fill(piece);
    }
    Ok(digest)
}

fn hasher(key: Option<&[u8; blake3::KEY_LEN]>) -> Hasher {
    key.map_or_else(Hasher::new, Hasher::new_keyed)
}

/// The output for more than one part: the parts, of a power of two of 1 KiB each but the last, are subtrees, hashed
/// apart and merged as BLAKE3 itself would.
fn tree(
    bytes: &[u8],
    part: usize,
    key: Option<&[u8; blake3::KEY_LEN]>,
    context: &Context<'_>,
) -> Result<blake3::OutputReader, Failure> {
    let values = context.fork(bytes.len().div_ceil(part), |number, context| {
        let start = number * part;
        let mut hasher = hasher(key);
        hasher.set_input_offset(start as u64);
        for stride in bytes[start..bytes.len().min(start + part)].chunks(STRIDE) {
            context.checkpoint()?;
            hasher.update(stride);
        }
        Ok(hasher.finalize_non_root())
    })?;
    let mode = key.map_or(Mode::Hash, Mode::KeyedHash);
    let merge = Merge { part, mode };
    let (first, second) = merge.children(&values, bytes.len());
    Ok(merge_subtrees_root_xof(&first, &second, mode))
}

struct Merge<'a> {
    /// Bytes of a part.
    part: usize,
    mode: Mode<'a>,
}

impl Merge<'_> {
    /// The two halves of the tree over `values`, which have `length` bytes together.
    fn children(&self, values: &[ChainingValue], length: usize) -> (ChainingValue, ChainingValue) {
        let left = left_subtree_len(length as u64) as usize;
        let (first, second) = values.split_at(left / self.part);
        (self.merged(first, left), self.merged(second, length - left))
    }

    fn merged(&self, values: &[ChainingValue], length: usize) -> ChainingValue {
        if let [value] = values {
            return *value;
        }
        let (first, second) = self.children(values, length);
        merge_subtrees_non_root(&first, &second, self.mode)
    }
}

#[cfg(all(test, not(feature = "model")))]
mod tests;
