/** The page's start: sign in, connect, show. */

import { Api } from "./api.js";
import { doctor } from "./doctor.js";
import { asError } from "./errors.js";
import { tellNews } from "./events.js";
import { games } from "./games.js";
import { showGate } from "./gate.js";
import { Live } from "./live.js";
import { logs } from "./logs.js";
import { party } from "./party.js";
import { servers } from "./servers.js";
import { arrive, forget, login, readHash, token } from "./session.js";
import { settings } from "./settings.js";
import { Shell } from "./shell.js";
import { stats } from "./stats.js";

const SECTIONS = { party, servers, games, stats, settings, logs, doctor };

async function start() {
  const app = /** @type {HTMLElement} */ (document.getElementById("app"));
  const arrived = arrive();
  if (arrived.login) {
    showGate(app, "working");
    try {
      await login(arrived.login);
    } catch (failure) {
      if (token() === "") {
        showGate(app, "used", asError(failure));
        listen();
        return;
      }
    }
  }
  if (token() === "") {
    showGate(app, "none");
    listen();
    return;
  }
  run(app, arrived.section);
}

/** A link that is opened while the page is there changes the fragment alone. */
function listen() {
  addEventListener("hashchange", () => {
    const found = readHash(location.hash);
    if (found.login || found.join) {
      location.reload();
    }
  });
}

/**
 * @param {HTMLElement} app
 * @param {string} section
 */
function run(app, section) {
  /** @type {Shell} */
  let shell;
  const api = new Api((connection) => {
    if (connection.state === "refused") {
      forget();
      showGate(app, "over");
      return;
    }
    shell.connection(connection);
  });
  const live = new Live(api);
  shell = new Shell(app, api, live, SECTIONS);
  tellNews(live);
  live.start();
  shell.go(section);
  listen();
  api.connect();
}

start();
