// Who works on the page: a name, what belongs to it, and what is not saved yet.

/** Bind the field of the name to a store; `switched` is called when somebody else goes on. */
function bindWho(store, switched) {
  const [field, dialog] = [document.getElementById("who"), document.getElementById("who-dialog")];
  const become = (isSame) => {
    store.become(field.value, isSame);
    switched();
  };
  field.addEventListener("change", () => {
    if (!store.isDoubtful(field.value)) {
      become(false);
      return;
    }
    document.getElementById("who-title").textContent = `Is ${field.value.trim()} the same person as ${store.who}?`;
    dialog.showModal();
  });
  for (const [id, isSame] of [["who-same", true], ["who-other", false]]) {
    document.getElementById(id).addEventListener("click", () => {
      become(isSame);
      dialog.close();
    });
  }
  dialog.addEventListener("close", () => {
    field.value = store.who;
  });
}

/** Show whose name it is. */
function refreshWho(store) {
  const field = document.getElementById("who");
  const isAsked = document.getElementById("who-dialog").open;
  if (document.activeElement !== field && !isAsked) field.value = store.who;
}

/** Return whether a name is there; ask for it where it is not. */
function hasName(store) {
  if (store.who) return true;
  document.getElementById("who").focus();
  say("Say who you are first: your name goes into the file.");
  return false;
}

/** Say for as long as it is so that the browser keeps nothing, and ask before the page is left. */
function showKept(isKept) {
  document.getElementById("unkept").hidden = isKept;
  const listen = isKept ? removeEventListener : addEventListener;
  listen("beforeunload", stay);
}

function stay(event) {
  event.preventDefault();
}

/** Return the one person whose rows these are; a file of several people is nobody's. */
function ownerOf(rows) {
  const names = [...new Set(rows.map((row) => (row.who ?? "").trim()).filter(Boolean))];
  if (names.length > 1) throw new Error(`it is by ${names.join(", ")}; open the file of one person`);
  return names[0] ?? "";
}

/** Return a text as a part of the name of a file. */
const inFileName = (text) => text.trim().replaceAll(/[^\p{L}\p{N}._-]+/gu, "_");
