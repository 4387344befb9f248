// What people have said so far: kept in the browser at every change, and undone step by step.

const MOST_STEPS = 200;

const isPlain = (value) => typeof value === "object" && value !== null;

/** Return a mapping without what JavaScript gives every object: a name may be "constructor". */
const bare = (values) => (isPlain(values) ? Object.assign(Object.create(null), values) : values);

/** People are told apart by their names, whatever their capital letters. */
const keyOf = (who) => who.trim().toLowerCase();

/**
 * Keep a state of plain values for each person, under the name of the page.
 *
 * `count` says how much a state holds; `lasting` names the parts that undoing leaves as they are.
 * `changed` is called after every change here, `taken` when the same page changed something in
 * another window: it is taken over, so that neither window overwrites the other. `kept` is called
 * with false when the browser cannot keep anything (storage full, or forbidden), with true when it
 * can again.
 */
function openStore(name, initial, { count, lasting, changed, taken, kept }) {
  let who = "";
  let people = bare({});
  let isKept = true;
  const past = [];

  const complete = (state) => Object.fromEntries(Object.entries(structuredClone(initial))
    .map(([part, value]) => [part, bare(state[part] ?? value)]));
  const own = () => (people[keyOf(who)] ??= complete({}));

  function tell(now) {
    if (now !== isKept) kept(now);
    isKept = now;
  }

  function take(text) {
    const found = JSON.parse(text ?? "{}");
    people = bare({});
    Object.entries(found.people ?? {}).forEach(([key, state]) => { people[key] = complete(state); });
    return found.who ?? "";
  }

  function save() {
    try {
      localStorage.setItem(name, JSON.stringify({ who, people }));
      tell(true);
    } catch {
      tell(false);
    }
    changed();
  }

  try {
    const text = localStorage.getItem(name);
    try {
      who = take(text);
    } catch {
      people = bare({}); // what cannot be read any more is begun anew
    }
  } catch {
    tell(false);
  }
  addEventListener("storage", ({ key, newValue }) => {
    if (key !== name || newValue === null) return;
    take(newValue);
    past.length = 0; // a step back here would undo what was said there
    taken();
  });

  return {
    get state() {
      return own();
    },
    get who() {
      return who;
    },
    get isKept() {
      return isKept;
    },
    /** Change the state by a function; with `quiet` there is nothing to undo. */
    change(edit, quiet = false) {
      if (!quiet) past.push(JSON.stringify(own()));
      if (past.length > MOST_STEPS) past.shift();
      edit(own());
      save();
    },
    undo() {
      if (past.length === 0) return false;
      const now = own();
      const left = Object.fromEntries(lasting.map((part) => [part, now[part]]));
      people[keyOf(who)] = complete({ ...JSON.parse(past.pop()), ...left });
      save();
      return true;
    },
    /** Whether somebody of another name has said something here, and nobody of this one has. */
    isDoubtful(other) {
      const isNew = !(keyOf(other) in people) || count(people[keyOf(other)]) === 0;
      return keyOf(who) !== "" && keyOf(other) !== keyOf(who) && keyOf(other) !== "" && isNew && count(own()) > 0;
    },
    /** Go on as somebody; with `isSame`, and of who had no name yet, what was said goes along. */
    become(other, isSame = false) {
      const [from, to] = [keyOf(who), keyOf(other)];
      if (from !== to && (isSame || from === "")) {
        people[to] = complete(joined(people[from], people[to]));
        delete people[from];
      }
      who = other.trim();
      past.length = 0;
      save();
    },
  };
}

/** Return two states as one: of what both say, the second counts. */
function joined(first = {}, second = {}) {
  const both = { ...first, ...second };
  Object.keys(both).forEach((part) => {
    if (isPlain(first[part]) && isPlain(second[part])) both[part] = { ...first[part], ...second[part] };
  });
  return both;
}
