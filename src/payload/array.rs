//! Memory that Rust wrote and JavaScript is to have without a copy: a vector of any element type, which is freed as
//! what it is.

macro_rules! arrays {
    ($($(#[doc = $about:literal])+ $kind:ident($element:ty)),+ $(,)?) => {
        /// A vector, and the view that JavaScript gets of its memory.
        #[derive(Debug, PartialEq)]
        pub enum Array {
            $($(#[doc = $about])+ $kind(Vec<$element>),)+
        }

        impl Array {
            /// Where its memory begins, and how many bytes that has. Whoever uses it keeps the array alive and in its
            /// place in no other way than by owning it: moving it moves no memory.
            pub fn memory(&mut self) -> (*mut u8, usize) {
                match self {
                    $(Array::$kind(elements) => {
                        (elements.as_mut_ptr().cast(), size_of_val(elements.as_slice()))
                    })+
                }
            }

            /// Length of the memory in bytes.
            pub fn byte_length(&self) -> usize {
                match self {
                    $(Array::$kind(elements) => size_of_val(elements.as_slice()),)+
                }
            }

            /// Copies the memory into as many bytes of `target`.
            pub fn copy_to(&self, target: &mut [u8]) {
                match self {
                    $(Array::$kind(elements) => {
                        for (to, element) in target.chunks_exact_mut(size_of::<$element>()).zip(elements) {
                            to.copy_from_slice(&element.to_ne_bytes());
                        }
                    })+
                }
            }
        }
    };
}

arrays! {
    /// A Buffer.
    Buffer(u8),
    /// An ArrayBuffer.
    ArrayBuffer(u8),
    /// An Int8Array.
    Int8(i8),
    /// A Uint8Array.
    Uint8(u8),
    /// A Uint8ClampedArray.
    Uint8Clamped(u8),
    /// An Int16Array.
    Int16(i16),
    /// A Uint16Array.
    Uint16(u16),
    /// An Int32Array.
    Int32(i32),
    /// A Uint32Array.
    Uint32(u32),
    /// A Float32Array.
    Float32(f32),
    /// A Float64Array.
    Float64(f64),
    /// A BigInt64Array.
    BigInt64(i64),
    /// A BigUint64Array.
    BigUint64(u64),
}

impl Array {
    /// The name of the view in JavaScript.
    pub fn kind(&self) -> &'static str {
        match self {
            Array::Buffer(_) => "Buffer",
            Array::ArrayBuffer(_) => "ArrayBuffer",
            Array::Int8(_) => "Int8Array",
            Array::Uint8(_) => "Uint8Array",
            Array::Uint8Clamped(_) => "Uint8ClampedArray",
            Array::Int16(_) => "Int16Array",
            Array::Uint16(_) => "Uint16Array",
            Array::Int32(_) => "Int32Array",
            Array::Uint32(_) => "Uint32Array",
            Array::Float32(_) => "Float32Array",
            Array::Float64(_) => "Float64Array",
            Array::BigInt64(_) => "BigInt64Array",
            Array::BigUint64(_) => "BigUint64Array",
        }
    }
}

impl From<Vec<f64>> for Array {
    fn from(elements: Vec<f64>) -> Self {
        Array::Float64(elements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_the_vectors_own_wherever_the_array_goes() {
        let elements = vec![1.0_f64, 2.0, 3.0];
        let start = elements.as_ptr().cast::<u8>();
        let mut array = Box::new(Array::from(elements));
        assert_eq!(array.memory(), (start.cast_mut(), 24));
        assert_eq!((array.byte_length(), array.kind()), (24, "Float64Array"));
    }

    #[test]
    fn a_copy_has_every_byte() {
        let mut copy = [0; 8];
        Array::Int32(vec![-2, 1]).copy_to(&mut copy);
        assert_eq!(copy, [(-2_i32).to_ne_bytes(), 1_i32.to_ne_bytes()].concat()[..]);
        let mut copy = [9; 3];
        Array::Int8(vec![-1, 0, 1]).copy_to(&mut copy);
        assert_eq!(copy, [255, 0, 1]);
    }
}
