//! Where assigned names live: scopes by name, frames by slot.
//!
//! Both are kept in lists and refer to each other by index, so that nothing has to be counted or
//! dropped while a template runs.

use crate::ast::Slot;
use crate::value::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ScopeId(u32);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameId(u32);

#[derive(Debug, Default)]
pub(super) struct Scopes<'a> {
    scopes: Vec<Scope<'a>>,
    frames: Vec<Frame<'a>>,
}

#[derive(Debug)]
struct Scope<'a> {
    parent: Option<ScopeId>,
    /// Whether assignments stay inside.
    isolates: bool,
    names: Vec<(&'a str, Value<'a>)>,
}

/// Slots of one run of a macro, of a block, or of the template.
#[derive(Debug)]
struct Frame<'a> {
    parent: Option<FrameId>,
    slots: Vec<Value<'a>>,
}

fn id(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

impl<'a> Scopes<'a> {
    pub(super) fn add(&mut self, parent: Option<ScopeId>, isolates: bool) -> ScopeId {
        let scope = ScopeId(id(self.scopes.len()));
        self.scopes.push(Scope {
            parent,
            isolates,
            names: Vec::new(),
        });
        scope
    }

    pub(super) fn add_frame(&mut self, n_slots: usize, parent: Option<FrameId>) -> FrameId {
        let frame = FrameId(id(self.frames.len()));
        self.frames.push(Frame {
            parent,
            slots: vec![Value::Undefined; n_slots],
        });
        frame
    }

    pub(super) fn slot(&self, frame: FrameId, slot: Slot) -> Value<'a> {
        let frame = self.frame_at(frame, slot.up);
        let slots = &self.frames[frame.0 as usize].slots;
        slots
            .get(slot.index as usize)
            .cloned()
            .unwrap_or(Value::Undefined)
    }

    pub(super) fn set_slot(&mut self, frame: FrameId, slot: Slot, value: Value<'a>) {
        let frame = self.frame_at(frame, slot.up);
        let slots = &mut self.frames[frame.0 as usize].slots;
        if let Some(place) = slots.get_mut(slot.index as usize) {
            *place = value;
        }
    }

    fn frame_at(&self, frame: FrameId, up: u16) -> FrameId {
        (0..up).fold(frame, |frame, _| {
            self.frames[frame.0 as usize].parent.unwrap_or(frame)
        })
    }

    /// The value of a name, from the inside out.
    pub(super) fn get(&self, scope: ScopeId, name: &str) -> Option<&Value<'a>> {
        let mut next = Some(scope);
        while let Some(scope) = next {
            let scope = &self.scopes[scope.0 as usize];
            if let Some(value) = scope.get(name) {
                return Some(value);
            }
            next = scope.parent;
        }
        None
    }

    /// Sets a name in exactly this scope.
    pub(super) fn set(&mut self, scope: ScopeId, name: &'a str, value: Value<'a>) {
        let names = &mut self.scopes[scope.0 as usize].names;
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, place)) => *place = value,
            None => names.push((name, value)),
        }
    }

    /// Sets a name where it is known, up to the next border; otherwise here.
    pub(super) fn assign(&mut self, scope: ScopeId, name: &'a str, value: Value<'a>) {
        let mut owner = scope;
        loop {
            let current = &self.scopes[owner.0 as usize];
            if current.get(name).is_some() {
                break;
            }
            match current.parent {
                Some(parent) if !current.isolates => owner = parent,
                _ => {
                    owner = scope;
                    break;
                }
            }
        }
        self.set(owner, name, value);
    }
}

impl<'a> Scope<'a> {
    fn get(&self, name: &str) -> Option<&Value<'a>> {
        let found = self.names.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value)
    }
}
