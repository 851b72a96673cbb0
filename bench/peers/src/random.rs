//! The draws of `runnel bench contracts`, so that both sides run the same transactions: Philox 4x64
//! with 10 rounds (Salmon et al. 2011), and integers below a bound by Lemire's multiplication (2019).

/// The draws of one block.
pub struct Random {
    block: u64,
    draw: u64,
    words: [u64; 4],
    used: usize,
}

fn multiply(a: u64, b: u64) -> (u64, u64) {
    let product = u128::from(a) * u128::from(b);
    ((product >> 64) as u64, product as u64)
}

fn philox(mut counter: [u64; 4], mut key: [u64; 2]) -> [u64; 4] {
    for _ in 0..10 {
        let (high0, low0) = multiply(0xd2e7_470e_e14c_6c93, counter[0]);
        let (high1, low1) = multiply(0xca5a_8263_9512_1157, counter[2]);
        counter = [
            high1 ^ counter[1] ^ key[0],
            low1,
            high0 ^ counter[3] ^ key[1],
            low0,
        ];
        key[0] = key[0].wrapping_add(0x9e37_79b9_7f4a_7c15);
        key[1] = key[1].wrapping_add(0xbb67_ae85_84ca_a73b);
    }
    counter
}

impl Random {
    pub fn of_block(number: u64) -> Self {
        Self {
            block: number,
            draw: 0,
            words: [0; 4],
            used: 4,
        }
    }

    fn next(&mut self) -> u64 {
        if self.used == self.words.len() {
            // The seed, stream and entity that `runnel bench contracts` draws with.
            self.words = philox([3, self.block, self.draw, 0], [1, 2]);
            self.draw += 1;
            self.used = 0;
        }
        self.used += 1;
        self.words[self.used - 1]
    }

    /// In [0, bound); the bound is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let (mut high, mut low) = multiply(self.next(), bound);
        if low < bound {
            let rejected = bound.wrapping_neg() % bound;
            while low < rejected {
                (high, low) = multiply(self.next(), bound);
            }
        }
        high
    }

    /// In [low, 2 * low).
    pub fn amount(&mut self, low: u64) -> u64 {
        low + self.below(low)
    }
}
