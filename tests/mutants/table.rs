//! The variants: what each leaves out of the protocol, and within how many seeds it must be convicted.

/// A variant.
pub struct Mutant {
    pub name: &'static str,
    pub edits: &'static [Edit<'static>],
    /// Maximum number of seeds, from the first, within which the simulation must convict it, if not by its deaths at every step; or
    /// [`BY_FOUND`].
    pub within: u64,
}

/// One change of a source.
pub struct Edit<'a> {
    pub file: &'a str,
    /// What is there, once.
    pub from: &'a str,
    pub to: &'a str,
}

/// In place of a number of seeds: the lives that have found something before must convict it.
pub const BY_FOUND: u64 = 0;

/// Variants that are tried with lives of one knob: in others it is drawn too seldom to convict them soon.
pub const KNOBS: [(&str, &str); 4] = [
    ("names are compared letter by letter", "NamesFolded"),
    ("one look is enough", "MovesInLooks"),
    ("ids are for ever", "IdsExchanged"),
    ("a refused page is a broken one", "ListEnds"),
];

pub const MUTANTS: [Mutant; 25] = [
    Mutant {
        name: "no grace",
        edits: &[Edit {
            file: "tests/simulation/side.rs",
            from: "                grace: GRACE,\n",
            to: "                grace: if std::env::var(\"KBSYNC_MUTANT\").is_ok_and(|name| name == \"no grace\") {
                    Duration::ZERO
                } else {
                    GRACE
                },\n",
        }],
        within: 300,
    },
    Mutant {
        name: "no retirement",
        edits: &[Edit {
            file: "src/store/replicas.rs",
            from: "    for (old, _) in &all {\n",
            to: "    if crate::mutant(\"no retirement\") {
        connection.execute(&format!(\"DELETE FROM replicas WHERE {of_document}\"), key)?;
        return Ok(Vec::new());
    }
    for (old, _) in &all {\n",
        }],
        within: 100,
    },
    Mutant {
        name: "no intent",
        edits: &[Edit {
            file: "src/plan/drift.rs",
            from: "            Phase::Intent | Phase::Unknown => {\n",
            to: "            Phase::Intent | Phase::Unknown if crate::mutant(\"no intent\") => {
                steps.push(Drift::NeverMade(claim.replica));
            }
            Phase::Intent | Phase::Unknown => {\n",
        }],
        within: 100,
    },
    Mutant {
        name: "blind retry",
        edits: &[Edit {
            file: "src/platform/call.rs",
            from: "        self.method != Method::POST && ",
            to: "        (self.method != Method::POST || crate::mutant(\"blind retry\")) && ",
        }],
        within: 100,
    },
    Mutant {
        name: "delete before ready",
        edits: &[Edit {
            file: "src/reconcile/put.rs",
            from: "        let kind = self.kind_of(&collection, &wanted);\n        let filled",
            to: "        if crate::mutant(\"delete before ready\") {
            let (of, path) = (collection.clone(), wanted.path.clone());
            let old = self.store.call(move |db| db.ready_replica(&of, &path)).await?;
            if let Some(old) = old.and_then(|old| old.source) {
                let _ = self.platform.delete(&old).await;
            }
        }
        let kind = self.kind_of(&collection, &wanted);\n        let filled",
        }],
        within: 100,
    },
    Mutant {
        name: "one list is enough",
        edits: &[Edit {
            file: "src/plan/drift.rs",
            from: "let is_lost = claim.missing + 1 >= trust.lists_to_lose;",
            to: "let is_lost = claim.missing + 1 >= trust.lists_to_lose || crate::mutant(\"one list is enough\");",
        }],
        within: 100,
    },
    Mutant {
        name: "guards are off",
        edits: &[Edit {
            file: "src/plan/guard.rs",
            from: "let mut why = withhold(counts, standing, authority, policy);",
            to: "let mut why = withhold(counts, standing, authority, policy)
        .filter(|_| !crate::mutant(\"guards are off\"));",
        }],
        within: 300,
    },
    Mutant {
        name: "many deletions are not held",
        edits: &[Edit {
            file: "src/plan/guard.rs",
            from: "    (many || all || standing.held > 0).then_some",
            to: "    ((many || all || standing.held > 0) && !crate::mutant(\"many deletions are not held\")).then_some",
        }],
        within: 2_000,
    },
    Mutant {
        name: "delete: never is not heeded",
        edits: &[Edit {
            file: "src/plan/guard.rs",
            from: "    if policy.never {\n",
            to: "    if policy.never && !crate::mutant(\"delete: never is not heeded\") {\n",
        }],
        within: 100,
    },
    Mutant {
        name: "what was taken over is ours",
        edits: &[
            Edit {
                file: "src/reconcile/list.rs",
                from: "let nameless = source.name.is_empty()",
                to: "let nameless = crate::mutant(\"what was taken over is ours\") || source.name.is_empty()",
            },
            Edit {
                file: "src/store/list_names.rs",
                from: "fn note_names(connection: &Connection) -> Result<(), rusqlite::Error> {\n",
                to: "fn note_names(connection: &Connection) -> Result<(), rusqlite::Error> {
    if crate::mutant(\"what was taken over is ours\") {
        return Ok(());
    }\n",
            },
        ],
        within: 100,
    },
    Mutant {
        name: "no pace",
        edits: &[Edit {
            file: "src/pace/pacer.rs",
            from: "        if now < earliest {\n",
            to: "        if now < earliest && !crate::mutant(\"no pace\") {\n",
        }],
        within: 100,
    },
    Mutant {
        name: "a pace that is forgotten",
        edits: &[Edit {
            file: "src/platform/http.rs",
            from: "        let pacer = Pacer::new(rate_limit, stamps, clock.now());\n",
            to: "        let stamps = if crate::mutant(\"a pace that is forgotten\") { Vec::new() } else { stamps };
        let pacer = Pacer::new(rate_limit, stamps, clock.now());\n",
        }],
        within: 300,
    },
    Mutant {
        name: "nothing waits for its successor",
        edits: &[
            Edit {
                file: "src/plan/guard.rs",
                from: "            Succession::Pending(successor) => {\n",
                to: "            Succession::Pending(successor) if !crate::mutant(\"nothing waits for its successor\") => {\n",
            },
            Edit {
                file: "src/plan/guard.rs",
                from: "            Succession::None | Succession::Failed(_) => guarded",
                to: "            Succession::None | Succession::Failed(_) | Succession::Pending(_) => guarded",
            },
            Edit {
                file: "src/plan/moves.rs",
                from: "    let is_free = |one: &Gathered",
                to: "    if crate::mutant(\"nothing waits for its successor\") {
        return Vec::new();
    }
    let is_free = |one: &Gathered",
            },
        ],
        within: 1_000,
    },
    Mutant {
        name: "names are compared letter by letter",
        edits: &[Edit {
            file: "src/model/name_rewriting.rs",
            from: "    let folded: String = decode_name",
            to: "    if crate::mutant(\"names are compared letter by letter\") {
        return name.to_owned();
    }
    let folded: String = decode_name",
        }],
        within: 300,
    },
    Mutant {
        name: "a refused document ends the pass",
        edits: &[Edit {
            file: "src/reconcile/steps.rs",
            from: "        let transient = error.failure().transient;\n        let cause",
            to: "        if crate::mutant(\"a refused document ends the pass\") {
            return Err(super::always_fatal(ApiError::Unavailable(error.to_string())));
        }
        let transient = error.failure().transient;\n        let cause",
        }],
        within: 300,
    },
    Mutant {
        name: "what cannot be read spoils its list",
        edits: &[Edit {
            file: "src/reconcile/list.rs",
            from: "            let read = PageRead {\n",
            to: "            if found.unreadable > 0 && crate::mutant(\"what cannot be read spoils its list\") {
                return Ok(Reading::Failed(String::new()));
            }
            let read = PageRead {\n",
        }],
        within: 300,
    },
    Mutant {
        name: "a short page is the last",
        edits: &[Edit {
            file: "src/reconcile/list.rs",
            from: "            if is_last {\n",
            to: "            if is_last || (new < 3 && crate::mutant(\"a short page is the last\")) {\n",
        }],
        within: 1_000,
    },
    Mutant {
        name: "a new source is known at once",
        edits: &[Edit {
            file: "src/reconcile/put.rs",
            from: "let is_new = self.now()",
            to: "let is_new = !crate::mutant(\"a new source is known at once\") && self.now()",
        }],
        within: 300,
    },
    Mutant {
        name: "litter is a document",
        edits: &[Edit {
            file: "src/scan/filter.rs",
            from: "        is_litter(name, is_folder) &&",
            to: "        !crate::mutant(\"litter is a document\") && is_litter(name, is_folder) &&",
        }],
        within: 300,
    },
    Mutant {
        name: "ids are for ever",
        edits: &[Edit {
            file: "src/store/listing.rs",
            from: "            forget_exchanged(connection, now)?;\n",
            to: "            if !crate::mutant(\"ids are for ever\") {\n                forget_exchanged(connection, now)?;\n            }\n",
        }],
        within: 100,
    },
    Mutant {
        name: "one look is enough",
        edits: &[Edit {
            file: "src/reconcile/twice.rs",
            from: "misses && is_folder(collection)",
            to: "misses && is_folder(collection) && !crate::mutant(\"one look is enough\")",
        }],
        within: 400,
    },
    Mutant {
        name: "a refused page is a broken one",
        edits: &[Edit {
            file: "src/reconcile/list.rs",
            from: "page > 1 && error.may_be_past_the_end();\n",
            to: "page > 1\n                        && error.may_be_past_the_end()\n                        && !crate::mutant(\"a refused page is a broken one\");\n",
        }],
        within: 100,
    },
    Mutant {
        name: "a total that is unknown is no total",
        edits: &[Edit {
            file: "src/store/listing.rs",
            from: "        let values = params![reading, mixed_up, total.map(u64::cast_signed)];\n",
            to: "        let other = sql.replace(\"IS ?3\", \"= ?3\");
        let sql = if crate::mutant(\"a total that is unknown is no total\") { other.as_str() } else { sql };
        let values = params![reading, mixed_up, total.map(u64::cast_signed)];\n",
        }],
        within: BY_FOUND,
    },
    Mutant {
        name: "only own sources show content",
        edits: &[Edit {
            file: "src/store/list_ready.rs",
            from: "    Ok(tells_content(connection)? || connection",
            to: "    let other = sql.replace(\"OR elsewhere\", \"\");
    let sql = if crate::mutant(\"only own sources show content\") { other.as_str() } else { sql };
    Ok(tells_content(connection)? || connection",
        }],
        within: BY_FOUND,
    },
    Mutant {
        name: "uploads of a lost state are nobody's",
        edits: &[Edit {
            file: "src/plan/assemble.rs",
            from: "    rewritten_names.extend(begun);\n",
            to: "    if !crate::mutant(\"uploads of a lost state are nobody's\") {\n        rewritten_names.extend(begun);\n    }\n",
        }],
        within: BY_FOUND,
    },
];
