//! Digests and checksums, with a key and without.

mod blake;
mod encoding;
mod hmac;

pub(super) use hmac::Hmac;

use sha2::Digest;

use super::kinds::{Bytes, Whole};
use super::options::{Ranges, options, words};
use super::{Context, DATA_ERRORS, Data, Errors, Failure, Output, Returns, Task};
use encoding::Encoding;

words! {
    /// What to digest with.
    pub(super) enum Algorithm {
        Sha256 = "sha256",
        Sha512 = "sha512",
        Sha1 = "sha1",
        Md5 = "md5",
        Sha3x256 = "sha3-256",
        Blake3 = "blake3",
        Xxh3 = "xxh3",
        Crc32 = "crc32",
        Sha224 = "sha224",
        Sha384 = "sha384",
        Sha3x224 = "sha3-224",
        Sha3x384 = "sha3-384",
        Sha3x512 = "sha3-512",
        Blake2b = "blake2b",
        Blake2s = "blake2s",
        Crc32c = "crc32c",
        Xxh64 = "xxh64",
    }
}

/// Bytes of a key.
const KEYS: Ranges<Algorithm> =
    &[(Algorithm::Blake2b, 1..=64), (Algorithm::Blake2s, 1..=32), (Algorithm::Blake3, 32..=32)];

/// Bytes of a digest.
const LENGTHS: Ranges<Algorithm> =
    &[(Algorithm::Blake2b, 1..=64), (Algorithm::Blake2s, 1..=32), (Algorithm::Blake3, 1..=1 << 20)];

options! {
    /// The options of [`Hash`].
    pub(super) struct Options<'given> {
        /// The bytes to digest.
        data: Data<'given>,
        /// The hash or the checksum. `xxh3` is its 64-bit variant without a seed, and `xxh64` has none either;
        /// `crc32` is that of zlib, `crc32c` that of Castagnoli. A checksum is big-endian.
        algorithm: Algorithm = Algorithm::Sha256,
        /// How the digest is shown, as in `hash.digest()` of node:crypto; `buffer` gives a Buffer.
        encoding: Encoding = Encoding::Hex,
        /// A secret, without which nobody gets the same digest. `blake3` takes 32 bytes exactly.
        key: Option<Bytes<'given>> [by algorithm KEYS],
        /// Length of the digest; without it, the longest of `blake2b` and `blake2s`, and 32 bytes of `blake3`.
        length: Option<Whole<1, { 1 << 20 }>> [by algorithm LENGTHS] [unit "bytes"],
    }
}

/// Resolves to the digest of `data`.
pub(super) struct Hash;

impl Task for Hash {
    const NAME: &'static str = "hash";
    const FAMILY: &'static str = "hash";
    const ABOUT: &'static str = "Digests bytes. With `blake3`, more than 4 MiB in memory are digested with the help of threads that would otherwise be idle or run a task of lower priority.";
    const RETURNS: Returns = encoding::RETURNS;
    const ERRORS: &'static [Errors] = &[DATA_ERRORS];
    type Options<'given> = Options<'given>;

    fn run(options: Options<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let data = &options.data;
        let key = options.key.as_ref().map(Bytes::as_slice);
        let length = options.length.map(Whole::length);
        let digest = match options.algorithm {
            Algorithm::Sha1 => digest::<sha1::Sha1>(data, context),
            Algorithm::Sha224 => digest::<sha2::Sha224>(data, context),
            Algorithm::Sha256 => digest::<sha2::Sha256>(data, context),
            Algorithm::Sha384 => digest::<sha2::Sha384>(data, context),
            Algorithm::Sha512 => digest::<sha2::Sha512>(data, context),
            Algorithm::Md5 => digest::<md5::Md5>(data, context),
            Algorithm::Sha3x224 => digest::<sha3::Sha3_224>(data, context),
            Algorithm::Sha3x256 => digest::<sha3::Sha3_256>(data, context),
            Algorithm::Sha3x384 => digest::<sha3::Sha3_384>(data, context),
            Algorithm::Sha3x512 => digest::<sha3::Sha3_512>(data, context),
            Algorithm::Blake2b => blake::blake2b(data, key, length, context),
            Algorithm::Blake2s => blake::blake2s(data, key, length, context),
            Algorithm::Blake3 => {
                let key = key.map(|key| key.try_into().expect("a key of the length that is declared"));
                blake::blake3(data, key, length, context)
            }
            Algorithm::Xxh3 => xxh3(data, context),
            Algorithm::Xxh64 => xxh64(data, context),
            Algorithm::Crc32 => crc32(data, context),
            Algorithm::Crc32c => crc32c(data, context),
        }?;
        Ok(options.encoding.show(digest))
    }
}

/// Any hash of RustCrypto's.
fn digest<D: Digest>(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = D::new();
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.finalize().to_vec())
}

/// The 64-bit variant without a seed, in its canonical form: big-endian.
fn xxh3(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = xxhash_rust::xxh3::Xxh3Default::new();
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.digest().to_be_bytes().to_vec())
}

/// Without a seed, in its canonical form.
fn xxh64(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = xxhash_rust::xxh64::Xxh64::new(0);
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.digest().to_be_bytes().to_vec())
}

/// The polynomial of zlib, gzip and PNG; big-endian, so that its hexadecimal form reads as the number.
fn crc32(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = crc32fast::Hasher::new();
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.finalize().to_be_bytes().to_vec())
}

/// Castagnoli's polynomial, of iSCSI and ext4.
fn crc32c(data: &Data<'_>, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
    let mut state = 0;
    feed(data, context, |chunk| state = crc32c::crc32c_append(state, chunk))?;
    Ok(state.to_be_bytes().to_vec())
}

fn feed(data: &Data<'_>, context: &Context<'_>, mut update: impl FnMut(&[u8])) -> Result<(), Failure> {
    data.for_each_chunk(context, |chunk| {
        update(chunk);
        Ok(())
    })
}

#[cfg(all(test, not(feature = "model")))]
mod tests;
