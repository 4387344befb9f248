// What a person has said so far: kept in the browser at every change, and undone step by step.

const MOST_STEPS = 200;

/**
 * Keep a state of plain values under a name; `changed` is called after every change here, `taken`
 * when the same page changed it in another window: that state is taken over, so that neither window
 * overwrites the other. Where the browser keeps nothing (a private window), `warn` is called once.
 */
function openStore(name, initial, { changed, taken, warn }) {
  let state = structuredClone(initial);
  const past = [];
  let warned = false;
  try {
    state = { ...state, ...JSON.parse(localStorage.getItem(name) ?? "{}") };
  } catch {
    warned = true;
  }
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== name || newValue === null) return;
    state = { ...structuredClone(initial), ...JSON.parse(newValue) };
    taken();
  });
  function save() {
    try {
      localStorage.setItem(name, JSON.stringify(state));
    } catch {
      if (!warned) warn();
      warned = true;
    }
    changed();
  }
  return {
    get state() {
      return state;
    },
    /** Change the state by a function; with `quiet` there is nothing to undo. */
    change(edit, quiet = false) {
      if (!quiet) past.push(JSON.stringify(state));
      if (past.length > MOST_STEPS) past.shift();
      edit(state);
      save();
    },
    undo() {
      if (past.length === 0) return false;
      state = JSON.parse(past.pop());
      save();
      return true;
    },
  };
}
