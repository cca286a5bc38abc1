//! The variants: what each leaves out of the protocol, and within how many seeds it must be convicted.

/// A variant.
pub struct Mutant {
    pub name: &'static str,
    pub edits: &'static [Edit<'static>],
    /// The simulation must convict it within so many seeds, from the first, or by its deaths at every step.
    pub within: u64,
}

/// One change of a source.
pub struct Edit<'a> {
    pub file: &'a str,
    /// What is there, once.
    pub from: &'a str,
    pub to: &'a str,
}

pub const MUTANTS: [Mutant; 7] = [
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
            file: "src/platform/http.rs",
            from: "        self.method != Method::POST\n",
            to: "        self.method != Method::POST || crate::mutant(\"blind retry\")\n",
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
            from: "steps.push(if claim.missing == 0 {",
            to: "steps.push(if claim.missing == 0 && !crate::mutant(\"one list is enough\") {",
        }],
        within: 1_000,
    },
    Mutant {
        name: "guards are off",
        edits: &[Edit {
            file: "src/plan/assemble.rs",
            from: "match withhold(gone.len() as u64, of, standing, &authority, policy) {",
            to: "match withhold(gone.len() as u64, of, standing, &authority, policy).filter(|_| !crate::mutant(\"guards are off\")) {",
        }],
        within: 300,
    },
];
