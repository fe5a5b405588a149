// The script of readers' pages. Pages work without it; what it finds marked in
// the HTML it makes move, and each part stands alone.

import { aloud } from "./aloud.js";
import { boards } from "./boards.js";
import { connection } from "./connection.js";
import { Live } from "./live.js";
import { breaking, changes } from "./notices.js";
import { pause } from "./pause.js";
import { prefs } from "./prefs.js";
import { reactions } from "./reactions.js";
import { States } from "./states.js";
import { times } from "./times.js";
import { tools } from "./tools.js";

const states = new States();
const topics = document.body.dataset.live?.split(",").filter(Boolean) ?? [];

prefs();
times();
tools();
pause();
boards(states, aloud(states));
reactions(states, topics);
changes(states);
breaking(states);
new Live(states, topics, connection()).start();
