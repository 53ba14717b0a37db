// The page asks for the feed every second and redraws only what has changed, so that neither focus nor selection is
// lost elsewhere. Everything people wrote is put in as text, never as markup.
"use strict";

const POLL_MILLISECONDS = 1000;

const byId = (id) => document.getElementById(id);
const form = byId("write");
const drawn = new Map();
const announced = new Set();
let firstLook = true;
let answered = null;
let edited = null;

// What was posted from this browser, so that only that is offered for editing.
const own = new Set(JSON.parse(localStorage.getItem("own") || "[]"));
const rememberOwn = () => localStorage.setItem("own", JSON.stringify([...own].slice(-200)));

const element = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
};

const button = (text, what, key, onClick) => {
  const made = element("button", "quiet", text);
  made.type = "button";
  made.dataset.key = key;
  made.setAttribute("aria-label", `${text}: ${what}`);
  made.addEventListener("click", onClick);
  return made;
};

const PLATFORM_NAMES = { mastodon: "Mastodon", bluesky: "Bluesky", youtube: "YouTube" };
const platformName = (platform) => PLATFORM_NAMES[platform] || platform;

const time = (post) => {
  const made = element("time", "meta", new Date(post.at).toLocaleTimeString([], { timeStyle: "short" }));
  made.dateTime = post.at;
  made.title = new Date(post.at).toLocaleString();
  if (post.edited_at) made.append(" (edited)");
  return made;
};

const who = (post, official) => {
  const made = element("p", "who");
  made.append(element("strong", "", post.name));
  if (official) made.append(element("span", "mark", "Official reply"));
  made.append(time(post));
  return made;
};

const said = (post) => {
  const made = element("p", post.deleted ? "text gone" : "text", post.text);
  if (post.deleted) made.textContent = "This comment was deleted by its author.";
  else made.lang = post.language;
  return made;
};

const drawPost = (post) => {
  const answer = post.in_reply_to_id ? " answer" : "";
  const made = element("article", `post${answer}${post.official ? " official" : ""}`);
  made.append(who(post, post.official), said(post));
  if (own.has(post.id) && !post.deleted) {
    const actions = element("p", "actions");
    const start = post.text.slice(0, 40);
    actions.append(
      button("Edit", start, `edit-${post.id}`, () => openEdit(post)),
      button("Delete", start, `delete-${post.id}`, () => deletePost(post)),
    );
    made.append(actions);
  }
  return made;
};

const drawConversation = (conversation) => {
  const made = element("section", "conversation");
  const [first] = conversation.posts;
  made.setAttribute("aria-label", `${first.name} to ${conversation.account_name || "everybody"}`);
  if (conversation.account_name) {
    made.append(element("p", "meta", `To ${conversation.account_name} on ${platformName(conversation.platform)}`));
  }
  made.append(...conversation.posts.map(drawPost));
  const living = conversation.posts.filter((post) => !post.deleted);
  if (conversation.account && living.length) {
    const actions = element("p", "actions");
    const last = living[living.length - 1];
    actions.append(button("Write below this", last.name, `answer-${conversation.id}`, () => answer(conversation, last)));
    made.append(actions);
  }
  return made;
};

const drawPageReply = (reply) => {
  const made = element("article", "page-reply");
  made.append(who(reply, true), said(reply), element("p", "meta", `to comment ${reply.parent}`));
  return made;
};

// Keeps the children of a container in step with a list, redrawing only those that read differently than before.
const keepInStep = (container, items, draw) => {
  const focused = document.activeElement?.dataset?.key;
  const wanted = items.map((item) => {
    const key = `${container.id}/${item.id}`;
    const reads = JSON.stringify(item);
    const before = drawn.get(key);
    if (before?.reads === reads) return before.node;
    const node = draw(item);
    before?.node.replaceWith(node);
    drawn.set(key, { reads, node });
    return node;
  });
  [...container.children].filter((child) => !wanted.includes(child)).forEach((child) => child.remove());
  wanted.forEach((node, place) => {
    if (container.children[place] !== node) container.insertBefore(node, container.children[place] || null);
  });
  if (focused && !document.activeElement?.dataset?.key) {
    container.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  }
};

const offerAccounts = (accounts) => {
  const list = byId("account");
  const reads = JSON.stringify(accounts);
  if (list.dataset.reads === reads) return;
  const chosen = list.value || localStorage.getItem("account");
  const groups = [...new Set(accounts.map((each) => each.platform))].map((platform) => {
    const group = element("optgroup");
    group.label = platformName(platform);
    const here = accounts.filter((each) => each.platform === platform);
    // The closed list shows no group, and an agency may be on several platforms.
    group.append(...here.map((each) => new Option(`${each.name} on ${platformName(platform)}`, each.account)));
    return group;
  });
  list.replaceChildren(...groups);
  if (accounts.some((each) => each.account === chosen)) list.value = chosen;
  list.dataset.reads = reads;
};

// Someone who cannot see the reply appear should hear of it, but not of all those that were there before.
const announce = (conversations) => {
  const official = conversations.flatMap((each) => each.posts).filter((post) => post.official);
  const fresh = official.filter((post) => !announced.has(post.id));
  fresh.forEach((post) => announced.add(post.id));
  if (fresh.length && !firstLook) {
    byId("news").textContent = fresh.map((post) => `Official reply from ${post.name}: ${post.text}`).join(" ");
  }
  firstLook = false;
};

const look = async () => {
  try {
    const response = await fetch("/citizens/feed");
    if (!response.ok) throw new Error(response.statusText);
    const feed = await response.json();
    offerAccounts(feed.accounts);
    keepInStep(byId("conversations"), feed.conversations, drawConversation);
    keepInStep(byId("page-replies"), feed.page_replies, drawPageReply);
    byId("no-conversations").hidden = feed.conversations.length > 0;
    byId("no-page-replies").hidden = feed.page_replies.length > 0;
    announce(feed.conversations);
    byId("away").hidden = true;
  } catch {
    byId("away").hidden = false;
  }
};

const send = async (method, path, content) => {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: content && JSON.stringify(content),
    });
  } catch {
    throw new Error("The square does not answer. Please try again.");
  }
  if (response.status === 204) return null;
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
};

const showProblem = (id, problem) => {
  byId(id).textContent = problem ? problem.message : "";
  byId(id).hidden = !problem;
};

const answer = (conversation, post) => {
  answered = post.id;
  byId("account").value = conversation.account;
  byId("answering-whom").textContent = `Below what ${post.name} said.`;
  byId("answering").hidden = false;
  byId("text").focus();
};

const answerNobody = () => {
  answered = null;
  byId("answering").hidden = true;
};

const openEdit = (post) => {
  edited = post.id;
  byId("edit-text").value = post.text;
  showProblem("edit-problem", null);
  byId("edit").showModal();
};

const saveEdit = async () => {
  try {
    await send("PUT", `/citizens/posts/${edited}`, { text: byId("edit-text").value });
    byId("edit").close();
    await look();
  } catch (problem) {
    showProblem("edit-problem", problem);
  }
};

const deletePost = async (post) => {
  if (!window.confirm("Delete this comment?")) return;
  try {
    await send("DELETE", `/citizens/posts/${post.id}`);
    if (answered === post.id) answerNobody();
    await look();
  } catch (problem) {
    showProblem("problem", problem);
  }
};

const post = async (event) => {
  event.preventDefault();
  const { name, account, text } = form.elements;
  const submit = form.querySelector("[type=submit]");
  submit.disabled = true;
  try {
    const content = { name: name.value, account: account.value, text: text.value, in_reply_to_id: answered };
    const made = await send("POST", "/citizens/posts", content);
    own.add(made.id);
    rememberOwn();
    localStorage.setItem("name", name.value);
    localStorage.setItem("account", account.value);
    text.value = "";
    answerNobody();
    showProblem("problem", null);
    await look();
  } catch (problem) {
    showProblem("problem", problem);
  } finally {
    submit.disabled = false;
  }
};

const keepLooking = async () => {
  if (!document.hidden) await look();
  setTimeout(keepLooking, POLL_MILLISECONDS);
};

byId("name").value = localStorage.getItem("name") || "";
form.addEventListener("submit", post);
byId("not-answering").addEventListener("click", answerNobody);
byId("edit-save").addEventListener("click", saveEdit);
keepLooking();
