//! Circles in a PDF that its library would follow for ever: parents of pages, and forms that draw themselves.

use std::collections::HashMap;

use pdf_extract::{Dictionary, Document, Object, ObjectId};

use crate::Error;

/// How deep a page may stand in the tree, and forms within forms.
const DEPTH: usize = 200;

pub(super) fn check(pdf: &Document) -> Result<(), Error> {
    for (id, object) in &pdf.objects {
        if let Ok(dictionary) = object.as_dict() {
            parents(pdf, *id, dictionary)?;
        }
    }
    forms(pdf)
}

/// Values are inherited from parent to parent.
fn parents(pdf: &Document, id: ObjectId, dictionary: &Dictionary) -> Result<(), Error> {
    let mut next = dictionary.get(b"Parent").and_then(Object::as_reference).ok();
    let mut depth = 0;
    while let Some(parent) = next {
        depth += 1;
        if depth > DEPTH || parent == id {
            return Err(Error::malformed("PDF", "its pages are their own parents"));
        }
        let above = pdf.get_object(parent).and_then(Object::as_dict).ok();
        next = above.and_then(|above| above.get(b"Parent").and_then(Object::as_reference).ok());
    }
    Ok(())
}

/// The forms that a form draws.
fn drawn_by(pdf: &Document, id: ObjectId) -> Vec<ObjectId> {
    let resolve = |object: &'_ Object| match object.as_reference() {
        Ok(id) => pdf.get_object(id).ok().cloned(),
        Err(_) => Some(object.clone()),
    };
    let Some(resources) = pdf
        .objects
        .get(&id)
        .and_then(|object| object.as_stream().ok())
        .and_then(|stream| stream.dict.get(b"Resources").ok())
        .and_then(resolve)
    else {
        return Vec::new();
    };
    let drawn = resources.as_dict().ok().and_then(|resources| resources.get(b"XObject").ok()).and_then(resolve);
    let Some(drawn) = drawn else { return Vec::new() };
    let Ok(drawn) = drawn.as_dict() else { return Vec::new() };
    drawn.iter().filter_map(|(_, object)| object.as_reference().ok()).collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Open,
    Done,
}

/// Depth first, on a stack of our own.
fn forms(pdf: &Document) -> Result<(), Error> {
    let mut marks: HashMap<ObjectId, Mark> = HashMap::new();
    let streams = pdf.objects.iter().filter(|(_, object)| object.as_stream().is_ok());
    for (&root, _) in streams {
        if marks.contains_key(&root) {
            continue;
        }
        let mut stack = vec![(root, drawn_by(pdf, root))];
        marks.insert(root, Mark::Open);
        while let Some((id, left)) = stack.last_mut() {
            let Some(next) = left.pop() else {
                marks.insert(*id, Mark::Done);
                stack.pop();
                continue;
            };
            match marks.get(&next) {
                Some(Mark::Open) => return Err(Error::malformed("PDF", "a form in it draws itself")),
                Some(Mark::Done) => {}
                None => {
                    if stack.len() >= DEPTH {
                        return Err(Error::malformed("PDF", "its forms are nested too deeply"));
                    }
                    marks.insert(next, Mark::Open);
                    stack.push((next, drawn_by(pdf, next)));
                }
            }
        }
    }
    Ok(())
}
