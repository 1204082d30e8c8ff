//! HMAC of RFC 2104: a digest that nobody can make or check without the key.

use hmac::digest::KeyInit;
use hmac::digest::block_api::BlockSizeUser;
use hmac::{Mac, SimpleHmac};
use sha2::Digest;

use super::super::kinds::Bytes;
use super::super::options::{options, words};
use super::super::{Context, DATA_ERRORS, Data, Errors, Failure, Output, Returns, Task};
use super::encoding::{self, Encoding};
use super::feed;

words! {
    /// The hash within.
    pub(in super::super) enum Algorithm {
        Sha256 = "sha256",
        Sha512 = "sha512",
        Sha1 = "sha1",
        Md5 = "md5",
        Sha3x256 = "sha3-256",
        Sha224 = "sha224",
        Sha384 = "sha384",
        Sha3x224 = "sha3-224",
        Sha3x384 = "sha3-384",
        Sha3x512 = "sha3-512",
    }
}

options! {
    /// The options of [`Hmac`].
    pub(in super::super) struct Options<'given> {
        /// The bytes to authenticate.
        data: Data<'given>,
        /// The secret, of any length.
        key: Bytes<'given>,
        /// The hash within.
        algorithm: Algorithm = Algorithm::Sha256,
        /// How the code is shown, as in `hmac.digest()` of node:crypto; `buffer` gives a Buffer.
        encoding: Encoding = Encoding::Hex,
    }
}

/// Resolves to the message authentication code of `data`.
pub(in super::super) struct Hmac;

impl Task for Hmac {
    const NAME: &'static str = "hmac";
    const FAMILY: &'static str = "hash";
    const ABOUT: &'static str = "Authenticates bytes by a key, as RFC 2104 says.";
    const RETURNS: Returns = encoding::RETURNS;
    const ERRORS: &'static [Errors] = &[DATA_ERRORS];
    type Options<'given> = Options<'given>;

    fn run(options: Options<'_>, context: &Context<'_>) -> Result<Output, Failure> {
        let (data, key) = (&options.data, options.key.as_slice());
        let code = match options.algorithm {
            Algorithm::Sha1 => hmac::<sha1::Sha1>(data, key, context),
            Algorithm::Sha224 => hmac::<sha2::Sha224>(data, key, context),
            Algorithm::Sha256 => hmac::<sha2::Sha256>(data, key, context),
            Algorithm::Sha384 => hmac::<sha2::Sha384>(data, key, context),
            Algorithm::Sha512 => hmac::<sha2::Sha512>(data, key, context),
            Algorithm::Md5 => hmac::<md5::Md5>(data, key, context),
            Algorithm::Sha3x224 => hmac::<sha3::Sha3_224>(data, key, context),
            Algorithm::Sha3x256 => hmac::<sha3::Sha3_256>(data, key, context),
            Algorithm::Sha3x384 => hmac::<sha3::Sha3_384>(data, key, context),
            Algorithm::Sha3x512 => hmac::<sha3::Sha3_512>(data, key, context),
        }?;
        Ok(options.encoding.show(code))
    }
}

fn hmac<D: Digest + BlockSizeUser>(
    data: &Data<'_>,
    key: &[u8],
    context: &Context<'_>,
) -> Result<Vec<u8>, Failure> {
    let mut state = SimpleHmac::<D>::new_from_slice(key).expect("a key of any length");
    feed(data, context, |chunk| state.update(chunk))?;
    Ok(state.finalize().into_bytes().to_vec())
}

#[cfg(all(test, not(feature = "model")))]
mod tests;
