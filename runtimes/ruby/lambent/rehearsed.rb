# The function of the rehearsal.
def lambent_rehearsed(event:, context:)
  context.get_remaining_time_in_millis
  event
end
