# Spoken anywhere, whatever the dialogue.

engine-list-label = Ver opções
engine-more-label = Mais opções
engine-button-human = Falar com a equipe
engine-button-menu = Ir para o menu
engine-button-resume = Continuar
engine-button-stop = Não me lembre mais

engine-hello = Olá! 👋 Aqui é *{ $business }*.
engine-thanks = Por nada! 💚
engine-okay = Combinado! 💚
engine-resume = Que bom te ver de volta{ $has_name ->
    [no] {""}
   *[yes] , { $name }
}! { $left ->
    [0] Vamos continuar de onde paramos:
    [one] Falta só 1 passo. Vamos continuar:
   *[other] Faltam { $left } passos. Vamos continuar:
}
engine-stale = Esse botão é de uma mensagem antiga 🙂 Estamos aqui agora:
engine-wait = Só um instante, já estou cuidando disso…
engine-trouble = Ops, tive um problema aqui do meu lado. Já avisei a equipe. Pode tentar de novo daqui a pouquinho, por favor?
engine-rescue = Se preferir, posso chamar uma pessoa da equipe.
engine-no-way-back = Daqui não dá para voltar.
engine-human-called = Chamei nossa equipe 🙋 Uma pessoa vai falar com você pelo WhatsApp. Para voltar ao atendimento automático, escreva *menu*.
engine-human-noted = Anotei seu pedido para a equipe 🙋 Para voltar ao atendimento automático, escreva *menu*.
engine-cancel-member = Para cancelar o plano (em até 7 dias devolvemos tudo), toque em *Falar com a equipe*.
engine-help = Pode responder no seu tempo. Escreva *voltar* para corrigir a resposta anterior, *menu* para ver as opções, *cancelar* para desistir ou *atendente* para falar com uma pessoa.
engine-card-number = Por segurança, não envie números de cartão por aqui. Não guardei o que você mandou.
engine-reminders-stopped = Combinado, não mando mais lembretes nem ofertas.
engine-still-here = Quando quiser continuar, é só escrever *oi*.
engine-privacy = Seus dados são seus 💚 Nossa equipe cuida do seu pedido dentro do prazo da lei.
engine-reminder-1 = { $has_name ->
    [no] Oi!
   *[yes] Oi, { $name }!
} Seu cadastro em *{ $business }* ficou pela metade{ $left ->
    [0] {"."}
    [one] {" "}e falta só 1 passo.
   *[other] {" "}e faltam { $left } passos.
} Continuamos?
engine-later = Tudo bem, fica guardado 💚 Quando quiser continuar, é só escrever *oi*.
engine-reminder-2 = { $has_name ->
    [no] Oi!
   *[yes] Oi, { $name }!
} Guardei seu cadastro para você terminar quando puder. Quer continuar agora?

error-choice = Não entendi 🤔 Escolha uma das opções, por favor.
error-pix = O pagamento é por Pix: *{ $amount }*.
error-kind-image = Vi que você mandou uma foto, mas aqui preciso da resposta por escrito.
error-kind-video = Recebi seu vídeo, mas aqui preciso da resposta por escrito.
error-kind-audio = Ainda não consigo ouvir áudios 😅 Pode escrever, por favor?
error-kind-sticker = Adorei a figurinha 😄 Mas preciso da resposta por escrito.
error-kind-document = Recebi o arquivo, mas aqui preciso da resposta por escrito.
error-kind-location = Recebi a localização, mas aqui preciso da resposta por escrito.
error-kind-contacts = Recebi o contato, mas aqui preciso da resposta por escrito.
error-kind-order = Recebi o pedido, mas aqui preciso da resposta por escrito.
error-kind-flow = Recebi o formulário, mas aqui preciso da resposta por escrito.
error-kind-edit = Vi que você editou uma mensagem. Pode mandar a resposta de novo, por favor?
error-kind-unsupported = Não consigo abrir esse tipo de mensagem. Pode escrever, por favor?

error-name-empty = Não encontrei um nome aí.
error-name-surname = Preciso do nome *e sobrenome*, como no documento.
error-name-digits = Nome não tem números 🙂
error-name-long = Esse nome ficou comprido demais: use até { $limit } letras.
error-name-two = Uma pessoa de cada vez, por favor 🙂 Mande um nome só.
error-name-odd = Não parece um nome. Escreva só o nome, como no documento.
error-cpf-digits = Um CPF tem 11 números e contei { $count }.
error-cpf-check = Esse CPF não confere. Dê uma olhadinha nos números.
error-cpf-repeated = Um CPF não tem todos os números iguais.
error-cpf-cnpj = Isso é um CNPJ. Preciso do CPF da pessoa.
error-date-unclear = Não entendi a data. Escreva assim: *15/05/1990*.
error-date-impossible = A data { $date } não existe no calendário.
error-date-future = Essa data ainda não chegou 🙂
error-date-old = Essa data parece antiga demais.
error-email-shape = Esse e-mail não parece completo. Um exemplo: *ana@gmail.com*.
error-email-domain = O final desse e-mail não existe.
error-cep-digits = Um CEP tem 8 números e contei { $count }.
error-address-number = Não achei o número. Se não tiver, escreva *s/n*.
error-address-complement = O complemento ficou comprido: use até { $limit } letras.
error-address-street = Não entendi a rua. Um exemplo: *Rua das Flores*.
error-address-neighborhood = Não entendi o bairro.
error-address-city = Não entendi a cidade. Escreva assim: *Campinas - SP*.
error-address-unknown = Sem problema 🙂 Costuma vir escrito na conta de luz ou de água.
error-address-state = De qual estado? Escreva a cidade com a sigla, assim: *Campinas - SP*.
error-profession = Não entendi. Escreva só a profissão, por exemplo: *professora*.
error-code = O código tem 6 números.
error-dependents-who = Vamos lá! 😊
error-dependents-full = Os planos aceitam no máximo { $most } { $most ->
    [one] pessoa
   *[other] pessoas
}.
error-contract = Para assinar, toque no botão abaixo.
