-- New tasks of the same revision, one rollout.
local os = require("os")
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["ecs-operator.io/restarted-at"] = os.date("!%Y-%m-%dT%XZ")
return obj
