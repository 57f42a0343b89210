// Shows the OpenAPI document at ../api-docs, and sends requests by it. Text of the document and of
// answers is only ever set as text.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
let api;

function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// What a $ref stands for.
function resolve(part) {
  while (part && part.$ref) {
    part = part.$ref.slice(2).split("/").reduce((at, name) => at[name], api);
  }
  return part;
}

// A schema as a person writes it: { "job_name": string, "team"?: string | null }
function shape(schema, indent = "") {
  schema = resolve(schema) || {};
  if (schema.oneOf) return schema.oneOf.map((one) => shape(one, indent)).join("\n" + indent + "or ");
  const orNull = schema.nullable && !(schema.enum || []).includes(null) ? " | null" : "";
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ") + orNull;
  if (schema.type === "array") return "[" + shape(schema.items, indent) + ", ...]" + orNull;
  if (schema.type !== "object") return (schema.format || schema.type || "anything") + orNull;
  const lines = Object.entries(schema.properties || {}).map(([name, value]) => {
    const mark = (schema.required || []).includes(name) ? "" : "?";
    return `${indent}  "${name}"${mark}: ${shape(value, indent + "  ")}`;
  });
  if (!lines.length) return (schema.additionalProperties === false ? "{}" : "{ ... }") + orNull;
  return "{\n" + lines.join(",\n") + `\n${indent}}` + orNull;
}

// What one could send: the members that are demanded, and those with a default.
function example(schema) {
  schema = resolve(schema) || {};
  if (schema.default !== undefined) return schema.default;
  if (schema.nullable) return null;
  if (schema.enum) return schema.enum[0];
  if (schema.type === "array") return [];
  if (schema.type === "object") {
    return Object.fromEntries((schema.required || []).map((name) =>
      [name, example(schema.properties[name])]));
  }
  return schema.type === "boolean" ? false : schema.type === "string" ? "" : 0;
}

function parameterInput(parameter) {
  const input = make("input", {
    className: "value",
    name: parameter.name,
    placeholder: parameter.example || shape(parameter.schema),
    required: parameter.in === "path",
  });
  const label = make("label", {}, make("code", {textContent: parameter.name}), input);
  if (parameter.description) label.append(make("small", {textContent: parameter.description}));
  return {parameter, input, label};
}

function bodyInput(body) {
  const [type, media] = Object.entries(body.content)[0];
  if (type === "application/json") {
    const text = JSON.stringify(example(media.schema), null, 2);
    return {type, element: make("textarea", {rows: 6, value: text})};
  }
  return {type, element: make("input", {type: "file"})};
}

// The request that the inputs say: address, and what fetch takes.
function requestOf(method, path, inputs, body) {
  const query = new URLSearchParams();
  const headers = {};
  for (const {parameter, input} of inputs) {
    if (parameter.in === "path") {
      path = path.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
    } else if (input.value !== "" && parameter.in === "query") {
      query.append(parameter.name, input.value);
    } else if (input.value !== "") {
      headers[parameter.name] = input.value;
    }
  }
  const options = {method: method.toUpperCase(), headers};
  if (body) {
    headers["Content-Type"] = body.type;
    options.body = body.type === "application/json" ? body.element.value : body.element.files[0];
  }
  return {address: path + (String(query) && "?" + query), options};
}

async function send(request, output) {
  output.replaceChildren("...");
  try {
    const answer = await fetch(request.address, request.options);
    const text = await answer.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* it is no JSON */ }
    const head = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
    output.replaceChildren(
      make("p", {className: "status", textContent: `${answer.status} ${answer.statusText}`}),
      make("pre", {textContent: head}),
      ...(shown ? [make("pre", {textContent: shown})] : []));
  } catch (error) {
    output.replaceChildren(make("p", {textContent: `There is no answer: ${error.message}`}));
  }
}

function responses(operation) {
  return Object.entries(operation.responses).map(([status, response]) => {
    response = resolve(response);
    const forms = Object.entries(response.content || {}).map(([type, media]) =>
      make("pre", {textContent: `${type}\n${shape(media.schema)}`}));
    return make("details", {},
      make("summary", {}, make("code", {textContent: status}),
        make("span", {textContent: response.description})),
      make("div", {className: "operation"}, ...forms));
  });
}

function fill(place, method, path, item, operation) {
  const parameters = [...(item.parameters || []), ...(operation.parameters || [])].map(resolve);
  const inputs = parameters.map(parameterInput);
  const wanted = resolve(operation.requestBody);
  const body = wanted && bodyInput(wanted);
  const output = make("div", {});
  const form = make("form", {}, ...inputs.map((one) => one.label));
  if (body) {
    form.append(make("h3", {textContent: "Body"}),
      make("pre", {textContent: shape(Object.values(wanted.content)[0].schema)}), body.element);
  }
  form.append(make("button", {textContent: "Send"}), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(requestOf(method, path, inputs, body), output);
  });
  if (operation.description) place.append(make("p", {textContent: operation.description}));
  place.append(form, make("h3", {textContent: "Answers"}), ...responses(operation));
}

function operationBlock(method, path, item, operation) {
  const place = make("div", {className: "operation"});
  const block = make("details", {id: operation.operationId},
    make("summary", {},
      make("span", {className: `method ${method}`, textContent: method.toUpperCase()}),
      make("code", {textContent: path}),
      make("span", {textContent: operation.summary})),
    place);
  block.dataset.words = `${method} ${path} ${operation.operationId} ${operation.summary}`.toLowerCase();
  block.addEventListener("toggle", () => {
    if (block.open && !place.hasChildNodes()) fill(place, method, path, item, operation);
  });
  return block;
}

function show() {
  const sections = new Map();
  for (const tag of api.tags) {
    const title = make("h2", {textContent: tag.name + " "}, make("small", {textContent: tag.description}));
    sections.set(tag.name, make("section", {}, title));
  }
  for (const [path, item] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((name) => item[name])) {
      sections.get(item[method].tags[0]).append(operationBlock(method, path, item, item[method]));
    }
  }
  document.getElementById("operations").replaceChildren(...sections.values());
}

function search(words) {
  const wanted = words.toLowerCase().split(/\s+/);
  for (const section of document.querySelectorAll("section")) {
    const blocks = [...section.querySelectorAll("details[id]")];
    for (const block of blocks) {
      block.hidden = !wanted.every((word) => block.dataset.words.includes(word));
    }
    section.hidden = blocks.every((block) => block.hidden);
  }
}

async function start() {
  const about = document.getElementById("about");
  try {
    api = await (await fetch("../api-docs")).json();
  } catch (error) {
    about.textContent = `The document at /data-jobs/api-docs cannot be read: ${error.message}`;
    return;
  }
  about.replaceChildren(`${api.info.description} Version ${api.info.version}, described by `,
    make("a", {href: "../api-docs", textContent: "an OpenAPI document"}), ".");
  show();
  document.getElementById("search").addEventListener("input", (event) => search(event.target.value));
  const chosen = document.getElementById(location.hash.slice(1));
  if (chosen) chosen.open = true;
}

start();
