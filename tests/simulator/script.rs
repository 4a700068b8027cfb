//! Which answers are to go wrong.

use std::sync::Arc;

type Condition<Asked> = Arc<dyn Fn(&Asked) -> bool + Send + Sync>;

/// A fault (`Wrong`), by the requested route (`Route`) and the request (`Asked`).
pub(crate) struct Script<Route, Asked, Wrong> {
    once: Vec<Once<Route, Wrong>>,
    always: Vec<Always<Route, Asked, Wrong>>,
}

struct Once<Route, Wrong> {
    route: Route,
    requests_left: u64,
    wrong: Wrong,
}

struct Always<Route, Asked, Wrong> {
    route: Route,
    condition: Condition<Asked>,
    wrong: Wrong,
}

impl<Route: Copy + PartialEq, Asked, Wrong: Clone> Script<Route, Asked, Wrong> {
    /// Nothing goes wrong.
    pub(crate) fn new() -> Self {
        Script {
            once: Vec::new(),
            always: Vec::new(),
        }
    }

    /// The `nth` request of the route from now on, 1 being the next.
    pub(crate) fn once(&mut self, route: Route, nth: u64, wrong: Wrong) {
        self.once.push(Once {
            route,
            requests_left: nth,
            wrong,
        });
    }

    /// Returns every request of the route that fits.
    pub(crate) fn always(
        &mut self,
        route: Route,
        condition: impl Fn(&Asked) -> bool + Send + Sync + 'static,
        wrong: Wrong,
    ) {
        self.always.push(Always {
            route,
            condition: Arc::new(condition),
            wrong,
        });
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Script::new();
    }

    /// Returns what goes wrong with this request. What was meant for just this one goes before what is for all.
    pub(crate) fn next(&mut self, route: Route, asked: &Asked) -> Option<Wrong> {
        let mut due = None;
        self.once.retain_mut(|once| {
            if once.route != route {
                return true;
            }
            once.requests_left = once.requests_left.saturating_sub(1);
            if once.requests_left > 0 {
                return true;
            }
            due.get_or_insert_with(|| once.wrong.clone());
            false
        });
        due.or_else(|| {
            let fitting = self
                .always
                .iter()
                .find(|always| always.route == route && (always.condition)(asked));
            fitting.map(|always| always.wrong.clone())
        })
    }
}
