//! How large the constants of a template become: the engine computes them when it compiles, before anything is counted.

use minijinja::machinery::ast::{BinOp, BinOpKind, CallArg, Expr, Stmt};
use minijinja::value::Value;

/// Most bytes of all constants that operators make together.
pub(super) const MOST: usize = 1024 * 1024;

/// Whether the constants of a template stay within their limit.
pub(super) fn fit(template: &Stmt<'_>) -> bool {
    let mut left = MOST;
    statement(template, &mut left).is_some()
}

fn statement(stmt: &Stmt<'_>, left: &mut usize) -> Option<()> {
    let all = |body: &[Stmt<'_>], left: &mut usize| body.iter().try_for_each(|stmt| statement(stmt, left));
    match stmt {
        Stmt::Template(template) => all(&template.children, left),
        Stmt::EmitExpr(emit) => expression(&emit.expr, left),
        Stmt::ForLoop(each) => {
            expression(&each.target, left)?;
            expression(&each.iter, left)?;
            each.filter_expr.iter().try_for_each(|expr| expression(expr, left))?;
            all(&each.body, left)?;
            all(&each.else_body, left)
        }
        Stmt::IfCond(cond) => {
            expression(&cond.expr, left)?;
            all(&cond.true_body, left)?;
            all(&cond.false_body, left)
        }
        Stmt::WithBlock(with) => {
            with.assignments.iter().try_for_each(|(_, value)| expression(value, left))?;
            all(&with.body, left)
        }
        Stmt::Set(set) => expression(&set.expr, left),
        Stmt::SetBlock(set) => {
            set.filter.iter().try_for_each(|filter| expression(filter, left))?;
            all(&set.body, left)
        }
        Stmt::AutoEscape(escape) => {
            expression(&escape.enabled, left)?;
            all(&escape.body, left)
        }
        Stmt::FilterBlock(filter) => {
            expression(&filter.filter, left)?;
            all(&filter.body, left)
        }
        Stmt::Do(call) => {
            expression(&call.call.expr, left)?;
            arguments(&call.call.args, left)
        }
        Stmt::EmitRaw(_) => Some(()),
    }
}

fn expression(expr: &Expr<'_>, left: &mut usize) -> Option<()> {
    match expr {
        Expr::Var(_) | Expr::Const(_) => Some(()),
        Expr::Slice(slice) => {
            expression(&slice.expr, left)?;
            [&slice.start, &slice.stop, &slice.step].into_iter().flatten().try_for_each(|expr| expression(expr, left))
        }
        Expr::UnaryOp(operation) => expression(&operation.expr, left),
        Expr::BinOp(operation) => {
            expression(&operation.left, left)?;
            expression(&operation.right, left)?;
            made(operation, left)
        }
        Expr::Compare(compare) => {
            expression(&compare.expr, left)?;
            compare.ops.iter().try_for_each(|op| expression(&op.expr, left))
        }
        Expr::IfExpr(choice) => {
            expression(&choice.test_expr, left)?;
            expression(&choice.true_expr, left)?;
            choice.false_expr.iter().try_for_each(|expr| expression(expr, left))
        }
        Expr::Filter(filter) => {
            filter.expr.iter().try_for_each(|expr| expression(expr, left))?;
            arguments(&filter.args, left)
        }
        Expr::Test(test) => {
            expression(&test.expr, left)?;
            arguments(&test.args, left)
        }
        Expr::GetAttr(attribute) => expression(&attribute.expr, left),
        Expr::GetItem(item) => {
            expression(&item.expr, left)?;
            expression(&item.subscript_expr, left)
        }
        Expr::Call(call) => {
            expression(&call.expr, left)?;
            arguments(&call.args, left)
        }
        Expr::List(list) => list.items.iter().try_for_each(|expr| expression(expr, left)),
        Expr::Tuple(tuple) => tuple.items.iter().try_for_each(|expr| expression(expr, left)),
        Expr::Map(map) => map.keys.iter().chain(&map.values).try_for_each(|expr| expression(expr, left)),
    }
}

fn arguments(args: &[CallArg<'_>], left: &mut usize) -> Option<()> {
    args.iter().try_for_each(|arg| match arg {
        CallArg::Pos(expr) | CallArg::Kwarg(_, expr) | CallArg::PosSplat(expr) | CallArg::KwargSplat(expr) => {
            expression(expr, left)
        }
    })
}

/// Takes what an operator makes of two constants off what is left. Its operands fit, so they can be computed.
#[expect(clippy::wildcard_enum_match_arm, reason = "other operators give numbers, or one of their operands")]
fn made(operation: &BinOp<'_>, left: &mut usize) -> Option<()> {
    let (Some(one), Some(other)) = (operation.left.as_const(), operation.right.as_const()) else { return Some(()) };
    let size = |value: &Value| match value.as_str() {
        Some(text) => Some(text.len()),
        None => value.len().map(|items| items.saturating_mul(24)),
    };
    let times = |value: Value| usize::try_from(value).unwrap_or(0);
    let bytes = match operation.op {
        BinOpKind::Mul => match (size(&one), size(&other)) {
            (Some(size), _) => size.saturating_mul(times(other)),
            (None, Some(size)) => size.saturating_mul(times(one)),
            (None, None) => 0,
        },
        BinOpKind::Add => size(&one).unwrap_or(0).saturating_add(size(&other).unwrap_or(0)),
        BinOpKind::Concat => one.to_string().len().saturating_add(other.to_string().len()),
        _ => 0,
    };
    *left = left.checked_sub(bytes)?;
    Some(())
}
