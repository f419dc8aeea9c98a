-- Look and report; write nothing to AWS.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["ecs-operator.io/paused"] = "true"
return obj
