-- Go on.
if obj.metadata.annotations ~= nil then
  obj.metadata.annotations["ecs-operator.io/paused"] = nil
end
return obj
