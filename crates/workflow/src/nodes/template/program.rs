//! The instructions of a template, with those between them that ask the budget before an operator works.

use minijinja::machinery::{Instruction, Instructions};
use minijinja::value::Value;

use super::budget::{ADD, COMPARE, JOIN, REPEAT, SLICE};

/// A filter that is looked up by its name each time.
const BY_NAME: u8 = u8::MAX;

/// The same instructions, which keep to the budget.
pub(super) fn within_budget<'a>(template: &Instructions<'a>) -> Instructions<'a> {
    let all = || (0..).map_while(|at| template.get(at));
    // Where each instruction comes to stand, and the end.
    let mut places = vec![0];
    for instruction in all() {
        let place = places.last().copied().unwrap_or(0) + 1 + added(instruction);
        places.push(place);
    }
    let mut program = Instructions::new(template.name(), template.source());
    for (instruction, at) in all().zip(0..) {
        let line = template.get_line(at).and_then(|line| u16::try_from(line).ok()).unwrap_or(0);
        if let Some((operator, operands)) = asks(instruction) {
            program.add_with_line(Instruction::ApplyFilter(operator, u16::try_from(operands).ok(), BY_NAME), line);
            program.add_with_line(Instruction::UnpackList(operands), line);
        }
        if let Instruction::EmitRaw(text) = instruction {
            program.add_with_line(Instruction::LoadConst(Value::from_safe_string((*text).to_owned())), line);
            program.add_with_line(Instruction::Emit, line);
            continue;
        }
        let mut instruction = instruction.clone();
        if let Some(target) = target(&mut instruction) {
            *target = usize::try_from(*target).ok().and_then(|target| places.get(target)).copied().unwrap_or(*target);
        }
        program.add_with_line(instruction, line);
    }
    program
}

/// How many instructions are added to one.
fn added(instruction: &Instruction<'_>) -> u32 {
    if matches!(instruction, Instruction::EmitRaw(_)) {
        return 1;
    }
    if asks(instruction).is_some() { 2 } else { 0 }
}

/// Under which name an operator asks the budget, and how many operands it has.
#[expect(clippy::wildcard_enum_match_arm, reason = "few instructions make or read values of any size")]
fn asks(instruction: &Instruction<'_>) -> Option<(&'static str, usize)> {
    match instruction {
        Instruction::Mul => Some((REPEAT, 2)),
        Instruction::Add => Some((ADD, 2)),
        Instruction::StringConcat => Some((JOIN, 2)),
        Instruction::Slice => Some((SLICE, 4)),
        Instruction::Eq
        | Instruction::Ne
        | Instruction::Lt
        | Instruction::Lte
        | Instruction::Gt
        | Instruction::Gte
        | Instruction::In
        | Instruction::CompareAndPreserve(_) => Some((COMPARE, 2)),
        _ => None,
    }
}

/// Where an instruction jumps to.
#[expect(clippy::wildcard_enum_match_arm, reason = "few instructions jump")]
fn target<'a>(instruction: &'a mut Instruction<'_>) -> Option<&'a mut u32> {
    match instruction {
        Instruction::Iterate(target)
        | Instruction::Jump(target)
        | Instruction::JumpIfFalse(target)
        | Instruction::JumpIfFalseOrPop(target)
        | Instruction::JumpIfTrueOrPop(target) => Some(target),
        _ => None,
    }
}
