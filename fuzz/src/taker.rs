//! Takes small values off the front of a fuzzer's bytes; zeros when there are none left.

/// The rest of the input.
#[derive(Debug, Clone, Copy)]
pub struct Taker<'a>(pub &'a [u8]);

impl<'a> Taker<'a> {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    /// One of `choices`, which must not be empty.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// Four bytes as a number.
    pub fn int(&mut self) -> i32 {
        i32::from_be_bytes([self.byte(), self.byte(), self.byte(), self.byte()])
    }

    /// At most `most` bytes, as many as the next two bytes say.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let wanted = usize::from(u16::from_be_bytes([self.byte(), self.byte()])).min(most);
        let (taken, rest) = self.0.split_at(wanted.min(self.0.len()));
        self.0 = rest;
        taken
    }
}
