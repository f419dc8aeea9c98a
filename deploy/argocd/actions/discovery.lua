-- What a person may do to an object in Argo CD. What makes no sense as the object stands is shown and cannot be chosen.
local annotations = obj.metadata.annotations or {}
local paused = annotations["ecs-operator.io/paused"] == "true"

local actions = {
  ["pause"] = {["disabled"] = paused},
  ["resume"] = {["disabled"] = not paused},
  ["reconcile"] = {["disabled"] = false},
}
if obj.kind == "EcsService" then
  actions["restart"] = {["disabled"] = paused}
end
return actions
