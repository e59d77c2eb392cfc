/** `symbolon` with a defect that a test plants: whatever has an Echo is new. */

import { EchoValues } from "../../protocol/oscore/echo.js";

EchoValues.prototype.age = () => 0;
await import("../../host/cli/main.js");
