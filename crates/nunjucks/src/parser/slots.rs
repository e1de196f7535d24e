//! Which binding a name means: loop variables, macros and their parameters.
//!
//! A macro sees only its parameters, the body of a call block also what surrounds it.

use crate::ast::Slot;

/// The frames that surround the place that is being parsed.
#[derive(Debug, Default)]
pub(super) struct Slots {
    outer: Vec<Frame>,
    frame: Frame,
}

#[derive(Debug, Default)]
struct Frame {
    bindings: Vec<(Box<str>, u32)>,
    n_slots: u32,
    inherits: bool,
}

/// What was bound when a region began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region(usize);

impl Slots {
    /// Begins a frame: a macro, a block, or (inheriting) the body of a call block.
    pub(super) fn enter_frame(&mut self, inherits: bool) {
        let frame = Frame {
            inherits,
            ..Frame::default()
        };
        self.outer.push(std::mem::replace(&mut self.frame, frame));
    }

    /// Ends a frame; the number of its slots.
    pub(super) fn leave_frame(&mut self) -> usize {
        let n_slots = self.frame.n_slots as usize;
        self.frame = self.outer.pop().unwrap_or_default();
        n_slots
    }

    /// The number of slots of the outermost frame.
    pub(super) fn finish(&self) -> usize {
        self.frame.n_slots as usize
    }

    /// Begins a region whose bindings end with it.
    pub(super) fn enter_region(&self) -> Region {
        Region(self.frame.bindings.len())
    }

    /// Ends a region.
    pub(super) fn leave_region(&mut self, region: Region) {
        self.frame.bindings.truncate(region.0);
    }

    /// A slot without a name.
    pub(super) fn anonymous(&mut self) -> Slot {
        let index = self.frame.n_slots;
        self.frame.n_slots += 1;
        Slot { up: 0, index }
    }

    /// Binds a name from here on.
    pub(super) fn bind(&mut self, name: &str) -> Slot {
        let slot = self.anonymous();
        self.frame.bindings.push((name.into(), slot.index));
        slot
    }

    /// What a name is bound to here.
    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        let mut frame = &self.frame;
        let mut outer = self.outer.iter().rev();
        for up in 0.. {
            if let Some(index) = frame.find(name) {
                return Some(Slot { up, index });
            }
            if !frame.inherits {
                return None;
            }
            frame = outer.next()?;
        }
        None
    }

    /// Whether the frame itself binds the name.
    pub(super) fn find_own(&self, name: &str) -> Option<Slot> {
        let index = self.frame.find(name)?;
        Some(Slot { up: 0, index })
    }
}

impl Frame {
    fn find(&self, name: &str) -> Option<u32> {
        self.bindings
            .iter()
            .rev()
            .find(|(known, _)| &**known == name)
            .map(|(_, index)| *index)
    }
}
