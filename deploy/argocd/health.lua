-- The health of every kind of ecs-operator.io in Argo CD. It says what kstatus says of the same object, so Argo CD and Flux agree:
-- Degraded is Stalled, Progressing is Reconciling, Healthy is Ready. `Suspended` has no word in kstatus.
local conditions = {}
local status = obj.status or {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end

local function is_true(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local function health(word, condition)
  local message = condition.reason
  if condition.message ~= nil and condition.message ~= "" then
    message = message .. ": " .. condition.message
  end
  return {status = word, message = message}
end

if conditions.Ready == nil then
  return {status = "Progressing", message = "the operator has not looked at it yet"}
end
-- What stands in status may be about an older declaration, good or bad.
if status.observedGeneration ~= obj.metadata.generation then
  return {status = "Progressing", message = "the operator has not looked at this edit yet"}
end
-- Trouble first: a pause does not make it go away.
if is_true("Stalled") then
  return health("Degraded", conditions.Stalled)
end
if is_true("Paused") then
  return health("Suspended", conditions.Paused)
end
if is_true("Reconciling") then
  return health("Progressing", conditions.Reconciling)
end
if is_true("Ready") then
  return health("Healthy", conditions.Ready)
end
return health("Degraded", conditions.Ready)
